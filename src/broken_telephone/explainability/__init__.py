"""Which part of the picture a word of the describer came from, and whether to believe it."""

from broken_telephone.explainability.settings import ExplainSettings

__all__ = ["ExplainSettings"]
