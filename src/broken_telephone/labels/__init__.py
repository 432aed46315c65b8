"""What data sets say about people: concepts, attributes, categories and the codes for them."""

from broken_telephone.labels.scheme import APART, DISAGREEMENT, OTHER, UNSURE, Scheme, Variable
from broken_telephone.labels.schemes import COCO, FREE, PHASE, RAF, SCHEMES

__all__ = [
    "APART",
    "COCO",
    "DISAGREEMENT",
    "FREE",
    "OTHER",
    "PHASE",
    "RAF",
    "SCHEMES",
    "UNSURE",
    "Scheme",
    "Variable",
]
