"""Paths to goals: which events a goal's users had seen before."""
