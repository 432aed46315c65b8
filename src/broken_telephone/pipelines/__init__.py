"""Thin nodes and their wiring; the work is done in the other rooms."""
