"""Counts the findings by their certainty, in one line below the headline."""

import pandas as pd

from broken_telephone.reporting.first_screen.certainty import CLEAR, NO_INTERVAL, WEAK, WEAKNESS, certainty_of
from broken_telephone.reporting.text.changes import significant_changes
from broken_telephone.reporting.text.wording import counted

_GRADES = {CLEAR: "clear", WEAK: f"weak ({WEAKNESS})", NO_INTERVAL: "without an interval"}


def grades(changes: pd.DataFrame) -> str:
    """Count the findings by their certainty: `6 findings: 1 clear, 5 weak (...)`; empty without findings.

    Args:
        changes: the shares of the `findings` table that the overviews show.
    """
    graded = [certainty_of(row) for row in significant_changes(changes).itertuples(index=False)]
    if not graded:
        return ""
    counts = {grade: graded.count(grade) for grade in _GRADES if grade in graded}
    total = counted(len(graded), "finding")
    if len(counts) > 1:
        return f"{total}: {', '.join(f'{number} {_GRADES[grade]}' for grade, number in counts.items())}"
    return f"{total}, {'' if len(graded) == 1 else 'all '}{_GRADES[graded[0]]}"
