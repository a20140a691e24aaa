"""Formulas over metrics, their units, and exact numbers: pure."""
