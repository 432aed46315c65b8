"""Describes the findings of a study in one sentence each: the surest change of each label and attribute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.reporting.first_screen.certainty import certainty_of, certainty_words, what_weakens
from broken_telephone.reporting.first_screen.main_label import main_label
from broken_telephone.reporting.first_screen.phrases import (
    LESS,
    MORE,
    MOSTLY,
    appearance,
    changed_people,
    in_people,
    people_of,
)
from broken_telephone.reporting.first_screen.shown_change import ShownChange, shown_change, uncorrected
from broken_telephone.reporting.first_screen.strips import ChainPictures, Strip, strips_of
from broken_telephone.reporting.text.changes import significant_changes
from broken_telephone.reporting.text.verdicts import ANNOTATOR, CELL, RISE
from broken_telephone.reporting.text.wording import counted

OPEN, WITH_CHAINS = 6, 3
"""Findings that the first screen shows open, and those of them with two chains; further ones are folded."""


@dataclass(frozen=True)
class LeadingChange:
    """Holds a finding; the surest ones have two chains."""

    number: int
    words: str
    """Says what changed: `More sad people appear female`."""
    numbers: str
    """Says by how much: `51 % → 93 % (+42 points, 95 % interval 30 to 54)`."""
    headline: str
    """The change as the answer of the study: `Angry people appear female more often after 1 iteration: 50 % → 92 %`."""
    is_rise: bool
    certainty: str
    """The grade of certainty, one of `certainty`."""
    certainty_words: str
    cautious: str
    """The change corrected for its selection: `+36`; empty if it does not differ visibly, or is not corrected."""
    per_hundred: str
    """The change in people: `of 100 happy people, 60 more appear aged 20 to 39`; empty below two points."""
    mostly: str
    """The people that a change over all labels mostly comes from: `mostly happy people`; empty without them."""
    alone: str
    """What the annotator's answers alone show, if something corrects them: `24 % → 71 % (+47 points)`."""
    is_planned: bool
    strips: Sequence[Strip]
    cell: tuple[str, ...]
    """start, label, attribute and category."""


def leading_changes(changes: pd.DataFrame, words: Mapping[str, str], pictures: ChainPictures) -> list[LeadingChange]:
    """Return all findings, the surest first, as in the summary.

    If the changes have several kinds of start, each finding names its own.

    Args:
        changes: the shares of the `findings` table that the overviews show, of all kinds of start.
        words: as `phrases.adjectives` returns them.
        pictures: chains, answers and images.
    """
    rows, shown = significant_changes(changes), set[str]()
    return [
        _finding(number, row, changes, words, strips_of(row, pictures, shown) if number <= WITH_CHAINS else [])
        for number, row in enumerate(rows.itertuples(index=False), 1)
    ]


def _finding(
    number: int,
    row: Any,
    changes: pd.DataFrame,
    words: Mapping[str, str],
    strips: Sequence[Strip],
) -> LeadingChange:
    label, attribute, category = str(row.label), str(row.attribute), str(row.category)
    change, source = shown_change(row, row.before, row.after), main_label(row, changes)
    start = f" in chains from {row.start}s" if changes["start"].nunique() > 1 else ""
    mostly = f"mostly {people_of(source, words)}" if source else ""
    return LeadingChange(
        number,
        changed_people(label, attribute, category, row.verdict == RISE, words) + start,
        change.text,
        _headline(row, change, start, mostly, words),
        row.verdict == RISE,
        certainty_of(row),
        certainty_words(row),
        change.shrunken,
        f"{change.number}: {in_people(label, attribute, category, change.number, row.verdict == RISE, words)}",
        mostly,
        uncorrected(row) if row.method != ANNOTATOR else "",
        bool(row.is_planned),
        strips,
        tuple(str(getattr(row, name)) for name in CELL),
    )


def _headline(row: Any, change: ShownChange, start: str, mostly: str, words: Mapping[str, str]) -> str:
    """Say what changed in the words of a headline, with what weakens it."""
    form = LESS
    if row.verdict == RISE:
        form = MOSTLY if change.passes_half else MORE
    result = appearance(str(row.label), str(row.attribute), str(row.category), form, words)
    limits = [mostly] if mostly else []
    limits += [weakness] if (weakness := what_weakens(row)) else []
    weakened = f" ({'; '.join(limits)})" if limits else ""
    after = f" after {counted(int(row.iteration - row.since), 'iteration')}"
    return f"{result}{start}{after}: {change.short}{weakened}."
