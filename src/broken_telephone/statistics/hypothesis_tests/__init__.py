"""Hypothesis tests, their power, and the adjustment of p-values."""
