"""Says in words how sure a significant change is: how far its interval stays from zero, compared with its size."""

from typing import Any

import pandas as pd

CLEAR, UNCERTAIN, WEAK, NO_INTERVAL = "clear", "uncertain", "weak", "no-interval"
"""Grades of certainty, the surest first."""
_CLEAR_PART, _WEAK_PART = 0.5, 0.2
"""Parts of a change that the nearer limit of its interval keeps: from the first on clear, below the second weak."""
_WORDS = {CLEAR: "clear", UNCERTAIN: "size uncertain", WEAK: "weak", NO_INTERVAL: "no interval"}


def certainty_of(row: Any) -> str:
    """Grade a significant change by the limit of its interval that is closer to zero.

    The limit is compared with the change itself. An interval of +43 to +77 around +60 keeps 72 % of the change.

    Args:
        row: of the `findings` table; a significant change.
    """
    if pd.isna(row.ci_low) or pd.isna(row.ci_high) or not row.value:
        return NO_INTERVAL
    sign = 1 if row.value > 0 else -1
    # Rounded, so that a limit at exactly one fifth or one half is not below it by an error of the division.
    kept = round(min(sign * row.ci_low, sign * row.ci_high) / abs(row.value), 9)
    if kept >= _CLEAR_PART:
        return CLEAR
    return UNCERTAIN if kept >= _WEAK_PART else WEAK


def certainty_words(row: Any) -> str:
    """Return the grade in words: `clear`, `size uncertain`, `weak`.

    Args:
        row: of the `findings` table; a significant change.
    """
    return _WORDS[certainty_of(row)]


def what_weakens(row: Any) -> str:
    """Return what weakens a change: `weak: the interval nearly reaches 0`; empty if it is clear.

    Args:
        row: of the `findings` table; a significant change.
    """
    grade = certainty_of(row)
    return {CLEAR: "", WEAK: "weak: the interval nearly reaches 0"}.get(grade, _WORDS[grade])
