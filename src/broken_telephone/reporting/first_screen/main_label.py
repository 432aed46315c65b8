"""Finds the single label that most of a change over all labels comes from."""

from typing import Any

import pandas as pd

from broken_telephone.reporting.selection import select
from broken_telephone.statistics import ALL

_MOST = 0.5
"""Part of the labels' changes in the direction of the finding; a label with more is the main one."""


def main_label(row: Any, changes: pd.DataFrame) -> str:
    """Return the label that a change over all labels mostly comes from; empty if there is none.

    Each label counts with its own change times its number of chains. Only labels that change in the direction of the
    finding are summed up: labels that cancel each other do not make a third one the main label. What no shown label
    explains, such as labels with a single start, counts as one more label.

    Args:
        row: of the `findings` table; a significant change.
        changes: the shares of the table, of the same kind of start.
    """
    if str(row.label) != ALL:
        return ""
    own = select(changes, start=row.start, attribute=row.attribute, category=row.category)
    own = own[(own["label"].astype(str) != ALL) & own["value"].notna()]
    if len(own) < 2:
        return ""
    sign = 1 if row.value > 0 else -1
    weighted = pd.Series(
        (sign * own["value"].astype(float) * own["n"].astype(float)).to_numpy(), own["label"].astype(str)
    )
    rest = sign * float(row.value) * float(row.n) - weighted.sum()
    along = weighted.clip(lower=0)
    total = along.sum() + max(rest, 0.0)
    return str(along.idxmax()) if total > 0 and along.max() > _MOST * total else ""
