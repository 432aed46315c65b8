"""The settings of a study: how they are found, read and checked."""
