"""Whether the buckets still say what history says."""
