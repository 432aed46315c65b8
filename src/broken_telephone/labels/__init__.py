"""Defines label schemes and forms, and parses answers. It uses no models and no files."""

from broken_telephone.labels.answer_parsing.answers import parse_form
from broken_telephone.labels.answer_parsing.demographic_terms import mentions
from broken_telephone.labels.answer_parsing.label_matching import find_label_words, match_label
from broken_telephone.labels.answer_parsing.own_attributes import own_mentions
from broken_telephone.labels.answer_parsing.refusals import is_refusal
from broken_telephone.labels.english_text import is_english
from broken_telephone.labels.form import Form, Question, asked_for, ordered_attributes
from broken_telephone.labels.forms import FORMS, concept_form, study_form
from broken_telephone.labels.neutral_text import neutralise
from broken_telephone.labels.person_phrase import Words, person_phrase
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
    "Question",
    "Scheme",
    "Variable",
    "Words",
    "asked_for",
    "concept_form",
    "find_label_words",
    "is_english",
    "is_refusal",
    "match_label",
    "mentions",
    "neutralise",
    "ordered_attributes",
    "own_mentions",
    "parse_form",
    "person_phrase",
    "read_cell",
    "study_form",
    "years_or_codes",
]
