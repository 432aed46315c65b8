"""Hypothesis tests, power and p-value adjustment."""
