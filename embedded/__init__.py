"""PostgreSQL, Valkey and the processes of one machine, and the simulated shop."""
