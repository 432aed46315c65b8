"""Activation maps: their statistics by region, and the tests and sanity checks of them."""
