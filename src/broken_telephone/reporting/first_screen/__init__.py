"""The first screen of the report: what changed, how sure that is, and what cannot be told, in one minute of reading."""

from broken_telephone.reporting.first_screen.screen import FirstScreen, StudyContent, first_screen

__all__ = ["FirstScreen", "StudyContent", "first_screen"]
