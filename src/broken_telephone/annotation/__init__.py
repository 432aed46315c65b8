"""One instrument for all pictures: the same annotator labels originals and what the loop drew."""

from broken_telephone.annotation.annotators_compared import DATASET, asked_for, comparable, comparisons_of, labels_of
from broken_telephone.annotation.human_ratings import checked
from broken_telephone.annotation.manifest import manifest
from broken_telephone.annotation.questions import Inquiry, form_of, inquiries
from broken_telephone.annotation.run import annotate, answers_to
from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.annotation.tables import Tables, tables

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
