"""Says in words how sure a significant change is: how far its interval stays from zero, compared with its size."""

from typing import Any

import pandas as pd

CLEAR, WEAK, NO_INTERVAL = "clear", "weak", "no-interval"
"""Grades of certainty; NO_INTERVAL stands for a change that cannot be graded."""
_CLEAR_PART = 0.5
"""Part of a clear change that the nearer limit of its interval keeps at least."""
_WORDS = {CLEAR: "clear", WEAK: "weak", NO_INTERVAL: "no interval"}
WEAKNESS = "the interval reaches below half of the change"
"""What is true of a weak change."""


def certainty_of(row: Any) -> str:
    """Grade a significant change by the limit of its interval that is closer to zero.

    The limit is compared with the change itself. An interval of +43 to +77 around +60 keeps 72 % of the change.

    Args:
        row: of the `findings` table; a significant change.
    """
    if pd.isna(row.ci_low) or pd.isna(row.ci_high) or not row.value:
        return NO_INTERVAL
    sign = 1 if row.value > 0 else -1
    # Rounded, so that a limit at exactly one half is not below it by an error of the division.
    kept = round(min(sign * row.ci_low, sign * row.ci_high) / abs(row.value), 9)
    return CLEAR if kept >= _CLEAR_PART else WEAK


def certainty_words(row: Any) -> str:
    """Return the grade in words: `clear`, `weak`, `no interval`.

    Args:
        row: of the `findings` table; a significant change.
    """
    return _WORDS[certainty_of(row)]


def what_weakens(row: Any) -> str:
    """Return what weakens a change: `weak: the interval reaches below half of the change`; empty if it is clear.

    Args:
        row: of the `findings` table; a significant change.
    """
    grade = certainty_of(row)
    return {CLEAR: "", WEAK: f"weak: {WEAKNESS}"}.get(grade, _WORDS[grade])
