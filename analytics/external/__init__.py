"""Metrics that are pushed from outside."""
