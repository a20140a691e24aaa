"""Reading: KPIs and metrics over a period, as series of cells."""
