"""Which part of the picture a word of the describer came from, and whether to believe it."""

from broken_telephone.explain.settings import ExplainSettings

__all__ = ["ExplainSettings"]
