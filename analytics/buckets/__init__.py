"""Where buckets come from: recomputed from history, rolled up, filled."""
