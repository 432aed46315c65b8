"""Contact sheets, figures and the report page."""
