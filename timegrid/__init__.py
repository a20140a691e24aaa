"""The time axis: buckets, periods, comparisons. Arithmetic that knows no app."""
