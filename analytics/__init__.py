"""Metrics, buckets and KPIs: sums kept every five minutes, read in real time."""
