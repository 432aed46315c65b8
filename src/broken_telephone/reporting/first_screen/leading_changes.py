"""Describes the surest changes in one sentence each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.reporting.first_screen.cells import Levels, change_of
from broken_telephone.reporting.first_screen.phrases import changed_people
from broken_telephone.reporting.first_screen.shown_change import uncorrected
from broken_telephone.reporting.first_screen.strips import ChainPictures, Strip, strips_of
from broken_telephone.reporting.text.changes import significant_changes
from broken_telephone.reporting.text.verdicts import ANNOTATOR, CELL, RISE

MOST = 5
"""Findings of the first screen."""


@dataclass(frozen=True)
class LeadingChange:
    """Holds a finding with two chains."""

    number: int
    words: str
    """Says what changed: `More sad people appear female`."""
    numbers: str
    """Says by how much: `51 % → 93 % (+42 points, 95 % interval 30 to 54)`."""
    alone: str
    """What the annotator's answers alone show, if something corrects them: `24 % → 71 % (+47 points)`."""
    is_planned: bool
    strips: Sequence[Strip]
    cell: tuple[str, ...]
    """start, label, attribute and category."""

    @property
    def sentence(self) -> str:
        """The finding as one sentence."""
        return f"{self.words}: {self.numbers}."


def leading_changes(
    changes: pd.DataFrame, levels: Levels, words: Mapping[str, str], pictures: ChainPictures
) -> list[LeadingChange]:
    """Return the findings of the first screen, in the order of the summary.

    Args:
        changes: the shares of the `findings` table that the overview shows.
        levels: as `cells.corrected_levels` returns them.
        words: as `phrases.adjectives` returns them.
        pictures: chains, answers and images.
    """
    rows = significant_changes(changes).head(MOST)
    return [
        _finding(number, row, levels, words, pictures) for number, row in enumerate(rows.itertuples(index=False), 1)
    ]


def _finding(number: int, row: Any, levels: Levels, words: Mapping[str, str], pictures: ChainPictures) -> LeadingChange:
    label, attribute, category = str(row.label), str(row.attribute), str(row.category)
    return LeadingChange(
        number,
        changed_people(label, attribute, category, row.verdict == RISE, words),
        change_of(row, levels).text,
        uncorrected(row) if row.method != ANNOTATOR else "",
        bool(row.is_planned),
        strips_of(row, pictures),
        tuple(str(getattr(row, name)) for name in CELL),
    )
