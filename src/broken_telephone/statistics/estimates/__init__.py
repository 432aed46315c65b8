"""Estimators with intervals."""
