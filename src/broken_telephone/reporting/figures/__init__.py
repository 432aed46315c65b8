"""Draws the figures of the report."""
