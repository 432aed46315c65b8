"""Makes contact sheets, figures and the report page."""
