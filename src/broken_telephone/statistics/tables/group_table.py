"""Tables with rows for each attribute, start and label, and the columns that these tables have in common."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Estimate
from broken_telephone.statistics.estimates.panel import Group, Panel

GROUP = ("start", "label", "attribute")
CELL = (*GROUP, "category")
SPAN = [*CELL, "since", "iteration"]
"""Key of a comparison of two images."""
ANNOTATOR = "annotator"
"""The method of a value that nothing corrects."""
INTERVAL = tuple(Estimate().columns())
ESTIMATE = (*INTERVAL, "n", "clusters", "note")

Row = dict[str, Any]
Map = Callable[[Callable[..., Any], list[Any]], Iterable[Any]]
"""A function like `map`. It may use threads or show progress."""


def join_notes(*notes: str) -> str:
    """Join the notes that are not empty."""
    return "; ".join(filter(None, notes))


def group_table(
    panels: Sequence[Panel], columns: Sequence[str], rows_of: Callable[[Group], Iterable[Row]], each: Map = map
) -> pd.DataFrame:
    """Build a table from the rows of each group of chains, to which the columns GROUP are added.

    Args:
        panels: one for each attribute, all of one annotator.
        columns: of the table.
        rows_of: returns the rows of a group.
        each: calls a function for each group, see `Map`.
    """

    def keyed_rows(group: Group) -> list[Row]:
        key = dict(zip(GROUP, (group.start, group.label, group.panel.attribute), strict=True))
        return [key | row for row in rows_of(group)]

    groups = [group for panel in panels for group in panel.groups()]
    return pd.DataFrame([row for rows in each(keyed_rows, groups) for row in rows], columns=list(columns))
