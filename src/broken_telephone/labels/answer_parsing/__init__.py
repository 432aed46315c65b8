"""Parses what models write: filled-in forms, labels, demographic terms and reasoning."""
