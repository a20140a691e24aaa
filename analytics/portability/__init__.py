"""Buckets as files, out of one Abacus and into another."""
