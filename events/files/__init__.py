"""What files of events look like, and the events in them."""
