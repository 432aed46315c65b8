"""One instrument for all pictures: the same annotator labels originals and what the loop drew."""

from broken_telephone.annotate.journal import answers_to
from broken_telephone.annotate.manifest import manifest
from broken_telephone.annotate.pictures import pictures
from broken_telephone.annotate.questions import Inquiry, inquiries
from broken_telephone.annotate.run import Answered, annotate
from broken_telephone.annotate.settings import AnnotationSettings
from broken_telephone.annotate.tables import Tables, tables

__all__ = [
    "AnnotationSettings",
    "Answered",
    "Inquiry",
    "Tables",
    "annotate",
    "answers_to",
    "inquiries",
    "manifest",
    "pictures",
    "tables",
]
