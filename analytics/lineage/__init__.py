"""Where a number comes from: formula, buckets, events."""
