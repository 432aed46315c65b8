"""Says what significant changes rest on: the annotator alone, or a correction of its errors."""

from typing import Any

import pandas as pd

from broken_telephone.reporting.text.changes import significant_changes
from broken_telephone.reporting.text.verdicts import ANNOTATOR
from broken_telephone.reporting.text.wording import listed
from broken_telephone.statistics.tables.corrected_shares import RATINGS

_ALONE, _FEW, _RATED, _OTHER = "alone", "few", "rated", "other"
_CLAUSES = {
    _RATED: "corrected with ratings by people",
    _OTHER: "corrected with the answers of another annotator, whose own errors are unknown",
    _FEW: "as labelled by an annotator, too little checked to be corrected",
    _ALONE: "as labelled by an annotator that nobody checked on drawn images",
}
"""What follows the headline."""
_PARTS = {
    _RATED: "corrected with ratings by people",
    _OTHER: "corrected with another annotator's answers",
    _FEW: "not corrected, because too few images are checked",
    _ALONE: "not checked on drawn images",
}
"""What is said of some of the findings."""


def headline_basis(changes: pd.DataFrame) -> str:
    """Say in a clause what the surest change rests on; empty without findings.

    Args:
        changes: the shares of the `findings` table that the overviews show.
    """
    kinds = _kinds(changes)
    return _CLAUSES[kinds[0]] if kinds else ""


def mixed_basis(changes: pd.DataFrame) -> str:
    """Count the findings by what they rest on; empty if it is the same for all.

    Args:
        changes: the shares of the `findings` table that the overviews show.
    """
    kinds = _kinds(changes)
    if len(set(kinds)) < 2:
        return ""
    numbers = {kind: kinds.count(kind) for kind in _PARTS if kind in kinds}
    counts = [f"{number} {'is' if number == 1 else 'are'} {_PARTS[kind]}" for kind, number in numbers.items()]
    return f"Of these, {listed(counts, len(counts))}."


def _kinds(changes: pd.DataFrame) -> list[str]:
    """Return what each finding rests on, the surest first."""
    return [_kind(row) for row in significant_changes(changes).itertuples(index=False)]


def _kind(row: Any) -> str:
    if row.method == RATINGS:
        return _RATED
    if row.method != ANNOTATOR:
        return _OTHER
    return _FEW if pd.notna(row.n_checked) and row.n_checked > 0 else _ALONE
