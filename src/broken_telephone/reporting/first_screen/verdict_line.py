"""Sums up the findings in one line below the headline: how many are clear, and what they rest on."""

from typing import Any

import pandas as pd

from broken_telephone.reporting.first_screen.certainty import CLEAR, NO_INTERVAL, WEAK, certainty_of
from broken_telephone.reporting.text.changes import significant_changes
from broken_telephone.reporting.text.verdicts import ANNOTATOR
from broken_telephone.reporting.text.wording import counted, listed
from broken_telephone.statistics.tables.corrected_shares import RATINGS

_BEFORE_NOUN = {CLEAR: "clear", WEAK: "weak"}
_AFTER_NOUN = {NO_INTERVAL: "without an interval"}
_ALONE, _FEW, _RATED, _OTHER = "alone", "few", "rated", "other"
_WHOLE = {
    _RATED: "{} corrected with ratings by people.",
    _OTHER: "{} corrected with the answers of another annotator, whose own errors are unknown.",
}
_PART = {
    _RATED: "corrected with ratings by people",
    _OTHER: "corrected with another annotator's answers",
    _FEW: "not corrected, because too few images are checked",
    _ALONE: "not checked on drawn images",
}


def grades(changes: pd.DataFrame) -> str:
    """Count the findings by their certainty: `1 clear finding, 5 weak`; empty without findings.

    Args:
        changes: the shares of the `findings` table that the overviews show.
    """
    found = [certainty_of(row) for row in significant_changes(changes).itertuples(index=False)]
    counts = [(grade, found.count(grade)) for grade in (CLEAR, WEAK, NO_INTERVAL) if grade in found]
    if not counts:
        return ""
    if len(counts) > 1 and CLEAR not in found:
        return f"No clear finding: {', '.join(_count(grade, number) for grade, number in counts)}"
    (grade, number), *others = counts
    noun = f"{_BEFORE_NOUN[grade]} finding" if grade in _BEFORE_NOUN else "finding"
    first = f"{counted(number, noun)}{f' {_AFTER_NOUN[grade]}' if grade in _AFTER_NOUN else ''}"
    return ", ".join([first, *(_count(grade, number) for grade, number in others)])


def basis(changes: pd.DataFrame) -> str:
    """Say what the findings rest on: the annotator alone, or a correction of its errors; empty without findings.

    Args:
        changes: the shares of the `findings` table that the overviews show.
    """
    kinds = [_kind(row) for row in significant_changes(changes).itertuples(index=False)]
    if not kinds:
        return ""
    if len(set(kinds)) > 1:
        numbers = {kind: kinds.count(kind) for kind in _PART if kind in kinds}
        counts = [f"{number} {'is' if number == 1 else 'are'} {_PART[kind]}" for kind, number in numbers.items()]
        return f"Of these, {listed(counts, len(counts))}."
    is_one = len(kinds) == 1
    if kinds[0] in _WHOLE:
        return _WHOLE[kinds[0]].format("It is" if is_one else "All are")
    rest = "It rests" if is_one else "All rest"
    if kinds[0] == _FEW:
        return f"{rest} on the annotator: too few images are checked to correct it."
    return f"{rest} on an annotator that is not checked on drawn images."


def _count(grade: str, number: int) -> str:
    return f"{number} {_BEFORE_NOUN.get(grade) or _AFTER_NOUN[grade]}"


def _kind(row: Any) -> str:
    if row.method == RATINGS:
        return _RATED
    if row.method != ANNOTATOR:
        return _OTHER
    return _FEW if pd.notna(row.n_checked) and row.n_checked > 0 else _ALONE
