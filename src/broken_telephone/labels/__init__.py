"""What data sets say about people: concepts, attributes, categories and the codes for them."""

from broken_telephone.labels.scheme import (
    APART,
    DISAGREEMENT,
    OTHER,
    PHASE,
    RAF,
    UNSURE,
    Scheme,
    Variable,
)

__all__ = ["APART", "DISAGREEMENT", "OTHER", "PHASE", "RAF", "UNSURE", "Scheme", "Variable"]
