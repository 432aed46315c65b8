"""Annotators that are no describers: image classifiers, dual encoders, functions and tables of answers."""
