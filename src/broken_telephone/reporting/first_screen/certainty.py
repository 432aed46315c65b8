"""Says in words how sure a significant change is: how far its interval stays from zero, compared with its size."""

from typing import Any

import pandas as pd

from broken_telephone.reporting.text.verdicts import RISE

CLEAR, UNCERTAIN, BARELY, NO_INTERVAL = "clear", "uncertain", "barely", "no-interval"
"""Grades of certainty."""
_CLEAR_PART, _BARELY_PART = 0.5, 0.2
"""Parts of a change that the nearer limit of its interval keeps: from the first on clear, below the second barely."""


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
    return UNCERTAIN if kept >= _BARELY_PART else BARELY


def certainty_words(row: Any) -> str:
    """Return the grade in words: `clear`, `size uncertain`, `barely above zero`.

    Args:
        row: of the `findings` table; a significant change.
    """
    barely = f"barely {'above' if row.verdict == RISE else 'below'} zero"
    words = {CLEAR: "clear", UNCERTAIN: "size uncertain", BARELY: barely, NO_INTERVAL: "no interval"}
    return words[certainty_of(row)]
