"""Feature flags: which are on for a user, and why."""
