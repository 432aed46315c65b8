"""The report page and its LaTeX tables."""
