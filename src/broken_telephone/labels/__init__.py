"""What data sets say about people, and what is asked and said about pictures: pure, without models and files."""

from broken_telephone.labels.answer_parsing.answers import Reading, read_form
from broken_telephone.labels.answer_parsing.demographic_terms import mentions
from broken_telephone.labels.answer_parsing.label_matching import Named, named, naming_words
from broken_telephone.labels.answer_parsing.refusals import is_refusal
from broken_telephone.labels.form import Form, Question
from broken_telephone.labels.forms import FORMS, concept_form
from broken_telephone.labels.scheme import APART, DISAGREEMENT, OTHER, UNSURE, Scheme, Variable
from broken_telephone.labels.schemes import COCO, FREE, PHASE, RAF, SCHEMES
from broken_telephone.labels.table_cells import MISSING, Cell, read_cell, years_or_codes

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
