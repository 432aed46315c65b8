"""Arranges the shares of a study as one overview: a row per label, a column per category, blocks of attributes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import pandas as pd

from broken_telephone.reporting.figures.style import categories_of, labels_of
from broken_telephone.reporting.first_screen.cells import FELL, HIDDEN, QUIET, ROSE, UNKNOWN, Cell, mark_of
from broken_telephone.reporting.first_screen.missing_column import MissingCell
from broken_telephone.reporting.text.wording import capital, spoken
from broken_telephone.statistics import ALL

MOST_CATEGORIES, MOST_LABELS, MOST_COLUMNS = 9, 12, 19
"""Categories of an attribute, labels, and columns of all attributes that are shown; the rest is folded."""


@dataclass(frozen=True)
class Row:
    """Holds the head of a row: a label and the number of its chains."""

    label: str
    name: str
    chains: int
    is_all: bool


@dataclass(frozen=True)
class Block:
    """Holds the columns of one attribute, with one list of cells per row; None where nothing was compared."""

    attribute: str
    title: str
    categories: Sequence[str]
    cells: Sequence[Sequence[Cell | None]]
    folded: int = 0
    """Categories that are not shown."""
    folded_changes: int = 0
    """Significant changes of these."""


@dataclass(frozen=True)
class Counts:
    """Counts the shares of an overview by their mark, the folded ones included."""

    rose: int = 0
    fell: int = 0
    quiet: int = 0
    unknown: int = 0
    hidden: int = 0

    @property
    def changed(self) -> int:
        """Shares with a significant change."""
        return self.rose + self.fell

    @property
    def undecided(self) -> int:
        """Shares without enough data to tell."""
        return self.unknown + self.hidden

    @property
    def total(self) -> int:
        """All compared shares."""
        return self.changed + self.quiet + self.undecided

    def __add__(self, other: "Counts") -> "Counts":
        """Count the shares of both overviews."""
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Overview:
    """Holds the overview of the chains of one kind of start."""

    start: str
    since: int
    last: int
    rows: Sequence[Row]
    blocks: Sequence[Block]
    folded_blocks: Sequence[Block]
    missing: Sequence[MissingCell]
    """One per row; empty if no answer is missing, or if nothing is known about missing answers."""
    counts: Counts
    folded_labels: int = 0


def compared_labels(changes: pd.DataFrame) -> list[str]:
    """Return the labels that an overview shows, all labels together last.

    Labels whose chains all come from one start are left out, because nothing about them can be tested. A label of
    images whose answers are all missing stays.

    Args:
        changes: the shares of the `findings` table, of one kind of start.
    """
    labels = changes["label"].astype(str)
    starts = changes["clusters"].astype(float).fillna(0).groupby(labels, sort=False).max()
    is_prompt = (changes["start"].astype(str) == "prompt").any()
    return [label for label in labels_of(changes) if starts[label] >= 2 or (starts[label] == 0 and not is_prompt)]


def overview(
    changes: pd.DataFrame,
    cell: Callable[[Any], Cell],
    missing: Callable[[str], MissingCell | None],
) -> Overview | None:
    """Arrange the shares of chains with one kind of start; None if nothing can be shown.

    Args:
        changes: the shares of the `findings` table, of one kind of start.
        cell: makes the cell of a row of the table.
        missing: makes the cell of a label's missing answers.
    """
    if changes.empty:
        return None
    labels = compared_labels(changes)
    own = changes[changes["label"].astype(str).isin(labels)]
    if own.empty:
        return None
    shown = _most_telling(labels, own, "label", MOST_LABELS + (ALL in labels))
    blocks = list(_blocks(own, shown, cell))
    main = list(_first_columns(blocks))
    answers = [missing(label) for label in shown]
    return Overview(
        start=str(own["start"].iloc[0]),
        since=int(own["since"].iloc[0]),
        last=int(own["iteration"].iloc[0]),
        rows=[_row(label, own) for label in shown],
        blocks=main,
        folded_blocks=blocks[len(main) :],
        missing=_worth_showing(answers),
        counts=_counts(own),
        folded_labels=len(labels) - len(shown),
    )


def _worth_showing(answers: Sequence[MissingCell | None]) -> list[MissingCell]:
    known = [one for one in answers if one is not None]
    return known if len(known) == len(answers) and any(one.share or one.is_changed for one in known) else []


def _row(label: str, changes: pd.DataFrame) -> Row:
    chains = changes.loc[changes["label"].astype(str) == label, "n"].astype(float).fillna(0)
    return Row(label, spoken(label), int(chains.max()), label == ALL)


def _blocks(changes: pd.DataFrame, labels: Sequence[str], cell: Callable[[Any], Cell]) -> Iterator[Block]:
    rows = {(str(row.label), str(row.attribute), str(row.category)): row for row in changes.itertuples(index=False)}
    for attribute in dict.fromkeys(changes["attribute"].astype(str)):
        own = changes[changes["attribute"].astype(str) == attribute]
        categories = categories_of(attribute, own)
        shown = _most_telling(categories, own, "category", MOST_CATEGORIES)
        folded = own[~own["category"].astype(str).isin(shown)]
        yield Block(
            attribute,
            capital(spoken(attribute)),
            shown,
            [
                [
                    cell(rows[label, attribute, category]) if (label, attribute, category) in rows else None
                    for category in shown
                ]
                for label in labels
            ],
            len(categories) - len(shown),
            sum(mark_of(row) in (ROSE, FELL) for row in folded.itertuples(index=False)),
        )


def _most_telling(names: Sequence[str], changes: pd.DataFrame, column: str, most: int) -> list[str]:
    """Return at most so many names in their order: all labels together, then those with changes, then large shares."""
    if len(names) <= most:
        return list(names)

    def weight(name: str) -> tuple[bool, int, float]:
        rows = changes[changes[column].astype(str) == name]
        changed = sum(mark_of(row) in (ROSE, FELL) for row in rows.itertuples(index=False))
        return name == ALL, changed, float(rows[["before", "after", "n"]].fillna(0).max().sum())

    kept = set(sorted(names, key=weight, reverse=True)[:most])
    return [name for name in names if name in kept]


def _first_columns(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the first blocks whose columns have room beside each other, at least one."""
    columns = 0
    for place, block in enumerate(blocks):
        columns += len(block.categories)
        if place and columns > MOST_COLUMNS:
            return
        yield block


def _counts(changes: pd.DataFrame) -> Counts:
    marks = [mark_of(row) for row in changes.itertuples(index=False)]
    return Counts(**{mark: marks.count(mark) for mark in (ROSE, FELL, QUIET, UNKNOWN, HIDDEN)})


def starts_of(changes: pd.DataFrame) -> Collection[str]:
    """Return the kinds of start in the order in which they are shown: images first."""
    return sorted(dict.fromkeys(changes["start"].astype(str)))
