"""Writes the report page and the LaTeX tables."""
