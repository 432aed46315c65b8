"""The pictures of a study, for every stage that reads them."""

from broken_telephone.pictures.changes import refuse_changed_drawings, refuse_changed_starts, refuse_unfinished_loop
from broken_telephone.pictures.encoding import as_png
from broken_telephone.pictures.ledger import StampedFiles, changed, digests_of, extended, look
from broken_telephone.pictures.study import Images, Picture, StudyPictures

__all__ = [
    "Images",
    "Picture",
    "StampedFiles",
    "StudyPictures",
    "as_png",
    "changed",
    "digests_of",
    "extended",
    "look",
    "refuse_changed_drawings",
    "refuse_changed_starts",
    "refuse_unfinished_loop",
]
