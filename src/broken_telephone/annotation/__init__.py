"""One instrument for all pictures: the same annotator labels originals and what the loop drew."""

from broken_telephone.annotation.annotator_choice import annotators_of, headline, measured_answers
from broken_telephone.annotation.annotators_compared import DATASET, comparable, comparisons_of, labels_of
from broken_telephone.annotation.closed_answers import closed_answers
from broken_telephone.annotation.human_ratings import checked
from broken_telephone.annotation.independent_annotators import independent_annotators, with_start_and_label
from broken_telephone.annotation.mentioned_categories import mentioned_categories
from broken_telephone.annotation.reference_answers import reference_answers
from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.annotation.study_form import form_of
from broken_telephone.labels import asked_for

__all__ = [
    "DATASET",
    "AnnotationSettings",
    "annotators_of",
    "asked_for",
    "checked",
    "closed_answers",
    "comparable",
    "comparisons_of",
    "form_of",
    "headline",
    "independent_annotators",
    "labels_of",
    "measured_answers",
    "mentioned_categories",
    "reference_answers",
    "with_start_and_label",
]
