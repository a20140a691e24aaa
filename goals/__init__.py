"""Unique users, goals and the paths to them, in bounded memory."""
