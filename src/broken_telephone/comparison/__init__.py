"""Compares finished studies: what pairs, which study drifts more, and the same chains side by side."""

from collections.abc import Mapping

from broken_telephone.comparison.arms import arrange_arms, costs_of
from broken_telephone.comparison.compared_rows import compared_rows
from broken_telephone.comparison.differing_settings import differing_settings
from broken_telephone.comparison.finished_study import FinishedStudy, finished_studies
from broken_telephone.comparison.pairing import Pairing, pair_studies
from broken_telephone.comparison.settings import ComparisonSettings

Studies = Mapping[str, FinishedStudy]

__all__ = [
    "ComparisonSettings",
    "FinishedStudy",
    "Pairing",
    "Studies",
    "arrange_arms",
    "compared_rows",
    "costs_of",
    "differing_settings",
    "finished_studies",
    "pair_studies",
]
