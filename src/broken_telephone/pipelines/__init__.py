"""Thin nodes and their wiring; the other rooms hold the logic."""
