"""Collects what the page's explorer of shares needs beside the tables: colours, and changes as the page writes them."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.reporting.figures.style import OwnColours, categories_of, category_colours
from broken_telephone.reporting.first_screen.shown_change import ARROW, shown_change

ShownChanges = dict[str, dict[str, dict[str, dict[str, list[str]]]]]
"""Start -> label -> attribute -> category -> share before, share after, change and verdict.

Shares are empty if they are unknown.
"""


def explorer_colours(shares: pd.DataFrame, own: Mapping[str, OwnColours] | None = None) -> dict[str, dict[str, str]]:
    """Return attribute -> category -> colour, in the order of the categories and as in the figures.

    Args:
        shares: the `shares` table.
        own: attribute of the study's own -> its colours.
    """
    if shares.empty:
        return {}
    attributes = dict.fromkeys(shares["attribute"].dropna().astype(str))
    return {name: category_colours(name, categories_of(name, shares), (own or {}).get(name)) for name in attributes}


def explorer_changes(changes: pd.DataFrame) -> ShownChanges:
    """Write the changes with a value, rounded together with their shares as on the first screen.

    Args:
        changes: the shares of the `findings` table, with the verdicts of interim looks.
    """
    written: ShownChanges = {}
    for row in changes[changes["value"].notna()].itertuples(index=False):
        change = shown_change(row, row.before, row.after)
        before, _, after = change.shares.partition(f" {ARROW} ")
        selection = f"; {change.shrunken} corrected for selection" if change.shrunken else ""
        text = f"{change.change} ({change.interval.removeprefix('95 % interval ')}){selection}"
        own = written.setdefault(str(row.start), {}).setdefault(str(row.label), {})
        own.setdefault(str(row.attribute), {})[str(row.category)] = [before, after, text, str(row.verdict)]
    return written
