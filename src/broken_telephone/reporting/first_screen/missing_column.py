"""Sums up the missing answers of each label for the overview: the attribute with the most of them counts."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.reporting.selection import matching, select
from broken_telephone.reporting.text.verdicts import FALL, RISE, of_family
from broken_telephone.reporting.text.wording import listed, percent, spoken
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.findings import MISSING_ANSWERS
from broken_telephone.statistics.tables.missing_answers import CHANGE

_GROUP = ("start", "label", "attribute")


@dataclass(frozen=True)
class MissingCell:
    """Holds the missing answers of a label in the last images."""

    share: float
    """Largest share of images without a valid answer, over all attributes."""
    text: str
    detail: str
    is_changed: bool
    """Whether the missing answers of any attribute changed significantly."""


def missing_cell(missing_answers: pd.DataFrame, findings: pd.DataFrame, start: str, label: str) -> MissingCell | None:
    """Return the missing answers of a label, or None if nothing is known about them.

    Args:
        missing_answers: the `missing_answers` table.
        findings: the `findings` table, which decides what is significant.
        start: of the chains.
        label: of the chains.
    """
    if missing_answers.empty:
        return None
    plain = missing_answers.astype(dict.fromkeys((*_GROUP, "category", "kind"), str))
    changes = select(plain, start=start, label=label, category=ALL, kind=CHANGE)
    if changes.empty:
        return None
    last = changes[changes["iteration"] == changes["iteration"].max()]
    verdicts = of_family(findings, MISSING_ANSWERS)
    parts, is_changed = [], False
    for row in last.itertuples(index=False):
        verdict = _verdict(verdicts, row)
        is_changed |= bool(verdict)
        parts.append(f"{spoken(row.attribute)} {percent(float(row.before))} to {percent(float(row.after))}{verdict}")
    worst = float(last["after"].astype(float).max())
    detail = f"Images without a valid answer, first to last: {listed(parts, len(parts))}."
    return MissingCell(worst, percent(worst), detail, is_changed)


def _verdict(verdicts: pd.DataFrame, row: Any) -> str:
    own = matching(verdicts, row, (*_GROUP, "since", "iteration"))
    names = {RISE: " (rose significantly)", FALL: " (fell significantly)"}
    return next((names[verdict] for verdict in own["verdict"] if verdict in names), "")
