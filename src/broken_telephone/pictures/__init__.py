"""One way to open a picture, for every reader of every picture."""

from broken_telephone.pictures.bounded import Pictures, at_most
from broken_telephone.pictures.kinds import SUFFIXES, is_picture
from broken_telephone.pictures.opening import (
    LONGEST,
    PIXELS,
    bound_for,
    displayed_size,
    full_size,
    is_single_colour,
    open_picture,
    reason,
)

__all__ = [
    "LONGEST",
    "PIXELS",
    "SUFFIXES",
    "Pictures",
    "at_most",
    "bound_for",
    "displayed_size",
    "full_size",
    "is_picture",
    "is_single_colour",
    "open_picture",
    "reason",
]
