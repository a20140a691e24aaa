"""What every app does with the stores: statements, COPY, locks, calls to a worker."""
