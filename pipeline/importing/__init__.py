"""Bringing the past: read files, plan, own the span, record, catch up."""
