"""Unique users in bounded memory: Bloom filters, and what they remember."""
