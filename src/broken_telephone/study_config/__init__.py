"""Finds, reads and checks the settings of a study."""
