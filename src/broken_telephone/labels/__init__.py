"""What data sets say about people, and what is asked and said about pictures: pure, without models and files."""

from broken_telephone.labels.answers import Reading, read_form
from broken_telephone.labels.cells import MISSING, Cell, read_cell, years_or_codes
from broken_telephone.labels.form import Form, Question
from broken_telephone.labels.forms import FORMS, concept_form
from broken_telephone.labels.mentions import mentions
from broken_telephone.labels.naming import Named, named, naming_words
from broken_telephone.labels.refusals import is_refusal
from broken_telephone.labels.scheme import APART, DISAGREEMENT, OTHER, UNSURE, Scheme, Variable
from broken_telephone.labels.schemes import COCO, FREE, PHASE, RAF, SCHEMES

__all__ = [
    "APART",
    "COCO",
    "DISAGREEMENT",
    "FORMS",
    "FREE",
    "MISSING",
    "OTHER",
    "PHASE",
    "RAF",
    "SCHEMES",
    "UNSURE",
    "Cell",
    "Form",
    "Named",
    "Question",
    "Reading",
    "Scheme",
    "Variable",
    "concept_form",
    "is_refusal",
    "mentions",
    "named",
    "naming_words",
    "read_cell",
    "read_form",
    "years_or_codes",
]
