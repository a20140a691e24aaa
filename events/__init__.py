"""The ground floor of numbers: intake, inbox and history of events."""
