"""The shipped metrics and KPIs, and what is wrong with those of staff."""
