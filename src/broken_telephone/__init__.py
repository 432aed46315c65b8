"""Broken Telephone: how demographic associations drift when generative models talk to each other."""

__version__ = "0.1.0"
