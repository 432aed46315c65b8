"""Turns comparisons into the cells of the overview: a mark for sign, size and certainty, and the numbers behind it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.reporting.first_screen.certainty import WEAK, certainty_of, what_weakens
from broken_telephone.reporting.first_screen.phrases import shown_category
from broken_telephone.reporting.first_screen.shown_change import ShownChange, shown_change, uncorrected
from broken_telephone.reporting.text.correction_method import correction_text
from broken_telephone.reporting.text.verdicts import ANNOTATOR, FALL, NOT_SIGNIFICANT, RISE
from broken_telephone.reporting.text.wording import capital, counted, spoken

ROSE, FELL, QUIET, UNKNOWN, HIDDEN = "rose", "fell", "quiet", "unknown", "hidden"
"""Marks. HIDDEN: missing answers leave the change open. UNKNOWN: there is not enough data for another reason."""
_LARGEST = 0.5
"""Change of a share from which on a mark has its full size."""
_MISSING = "answers missing"
"""Part of the reason of a verdict that missing answers leave open, see `statistics.tables.findings`."""
_SUFFIXES = {"image": "", "prompt": "_prompt"}


@dataclass(frozen=True)
class Cell:
    """Holds one share of the overview."""

    mark: str
    key: tuple[str, str, str, str]
    """start, label, attribute and category."""
    name: str
    """Names the share: `happiness, aged 20-39`."""
    detail: str
    """Describes the change in words, with all numbers."""
    number: str = ""
    """The size of a significant change, in points, without its sign."""
    size: float = 0.0
    """The size of the mark, 0 to 1."""
    figure: str = ""
    """Name of the figure that shows the share; empty if there is none."""
    finding: int = 0
    """Number of the finding that describes the share; 0 without one."""
    is_weak: bool = False
    """Whether the change is significant, but its interval includes less than half of it."""
    part_of: int = 0
    """Number of the finding that covers the change, if it describes another share of the same label and attribute."""


def mark_of(row: Any) -> str:
    """Return the mark of a row of the `findings` table, by its verdict."""
    if row.verdict in (RISE, FALL):
        return ROSE if row.verdict == RISE else FELL
    if row.verdict == NOT_SIGNIFICANT:
        return QUIET
    return HIDDEN if _MISSING in str(row.reason) else UNKNOWN


def cell_of(row: Any, figures: Collection[str], finding: int = 0, part_of: int = 0) -> Cell:
    """Return the cell of a comparison.

    Args:
        row: of the `findings` table.
        figures: names of all figures of the report.
        finding: number of the finding that describes it.
        part_of: number of the finding about its label and attribute.
    """
    mark, key = mark_of(row), (str(row.start), str(row.label), str(row.attribute), str(row.category))
    name = f"{spoken(row.label)}, {shown_category(str(row.attribute), str(row.category))}"
    figure = next((name for name in _figures_of(row) if name in figures), "")
    if pd.isna(row.value):
        return Cell(mark, key, name, _sentence(f"{_verdict(row)}: {row.reason}"), figure=figure)
    change = shown_change(row, row.before, row.after)
    is_claim = mark in (ROSE, FELL)
    number = change.number if is_claim else ""
    size = min(abs(change.points) / (100 * _LARGEST), 1.0) if is_claim else 0.0
    is_weak = is_claim and certainty_of(row) == WEAK
    covered = part_of if is_claim and not finding else 0
    return Cell(mark, key, name, _detail(row, change), number, size, figure, finding, is_weak, covered)


def _figures_of(row: Any) -> tuple[str, str]:
    suffix = _SUFFIXES.get(str(row.start), "")
    return f"shares_{row.attribute}{suffix}", f"forest{suffix}"


def _verdict(row: Any) -> str:
    return {RISE: "rose", FALL: "fell"}.get(row.verdict, str(row.verdict))


def _detail(row: Any, change: ShownChange) -> str:
    """Describe a comparison: verdict, numbers, chains, what corrects it, and why nothing is claimed."""
    chains = counted(int(row.n), "chain")
    if row.clusters < row.n:
        chains += f" from {counted(int(row.clusters), 'start')}"
    verdict, is_claim = _verdict(row), row.verdict in (RISE, FALL)
    if is_claim and (weakness := what_weakens(row)):
        verdict += f" ({weakness})"
    parts = [f"{verdict}: {change.text}"]
    parts += [change.selection] if is_claim else []
    parts.append(chains)
    if row.method != ANNOTATOR:
        parts.append(correction_text(str(row.method), int(row.n_checked)))
        parts += [f"the annotator's answers alone: {alone}"] if (alone := uncorrected(row)) else []
    if row.reason:
        parts.append(str(row.reason))
    return " ".join(_sentence(part) for part in parts)


def _sentence(text: str) -> str:
    text = capital(text.strip())
    return text if text.endswith(".") else f"{text}."
