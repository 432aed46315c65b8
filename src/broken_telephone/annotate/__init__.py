"""One instrument for all pictures: the same annotator labels originals and what the loop drew."""

from broken_telephone.annotate.checked import checked
from broken_telephone.annotate.comparison import DATASET, asked_for, comparable, comparisons_of, labels_of
from broken_telephone.annotate.journal import answers_to
from broken_telephone.annotate.manifest import manifest
from broken_telephone.annotate.questions import Inquiry, form_of, inquiries
from broken_telephone.annotate.run import annotate
from broken_telephone.annotate.settings import AnnotationSettings
from broken_telephone.annotate.tables import Tables, tables

__all__ = [
    "DATASET",
    "AnnotationSettings",
    "Inquiry",
    "Tables",
    "annotate",
    "answers_to",
    "asked_for",
    "checked",
    "comparable",
    "comparisons_of",
    "form_of",
    "inquiries",
    "labels_of",
    "manifest",
    "tables",
]
