"""Opens the pictures of a study, and checks that they are unchanged since results were made from them."""

from broken_telephone.pictures.bounded import Pictures, at_most
from broken_telephone.pictures.changes import refuse_changed_drawings, refuse_changed_starts, refuse_unfinished_loop
from broken_telephone.pictures.encoding import as_png
from broken_telephone.pictures.kinds import SUFFIXES, is_picture
from broken_telephone.pictures.ledger import StampedFiles, check_files, digests_of, merge_ledgers, state_of
from broken_telephone.pictures.opening import (
    LONGEST,
    PIXELS,
    Needed,
    bound_for,
    displayed_size,
    full_size,
    is_single_colour,
    open_picture,
    reason,
)
from broken_telephone.pictures.study import Picture, StudyPictures

__all__ = [
    "LONGEST",
    "PIXELS",
    "SUFFIXES",
    "Needed",
    "Picture",
    "Pictures",
    "StampedFiles",
    "StudyPictures",
    "as_png",
    "at_most",
    "bound_for",
    "check_files",
    "digests_of",
    "displayed_size",
    "full_size",
    "is_picture",
    "is_single_colour",
    "merge_ledgers",
    "open_picture",
    "reason",
    "refuse_changed_drawings",
    "refuse_changed_starts",
    "refuse_unfinished_loop",
    "state_of",
]
