"""Counterfactual originals: an editor exchanges one attribute of a person, and an annotator checks the result."""

from broken_telephone.counterfactuals.checking import checked_originals, data_set_files, outcome_sentence
from broken_telephone.counterfactuals.editing import Original, edit_originals, edited_pictures, originals_of
from broken_telephone.counterfactuals.settings import CounterfactualSettings

__all__ = [
    "CounterfactualSettings",
    "Original",
    "checked_originals",
    "data_set_files",
    "edit_originals",
    "edited_pictures",
    "originals_of",
    "outcome_sentence",
]
