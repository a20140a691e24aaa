"""Between the network and the application: slow clients cost memory, never a thread."""
