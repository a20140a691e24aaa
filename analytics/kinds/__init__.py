"""What each kind of metric is: how it sums history."""
