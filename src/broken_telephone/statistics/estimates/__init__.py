"""Estimators with confidence intervals."""
