"""Is B better? The groups of A/B tests compared, KPI by KPI."""
