"""Files of numbers, made in the background: on demand, or on schedule and by mail."""
