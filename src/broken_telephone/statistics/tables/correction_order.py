"""Joins corrections of the drift by several methods: of each share, the leading one stands first."""

from collections.abc import Sequence

import pandas as pd

from broken_telephone.statistics.tables.group_table import SPAN


def has_interval(corrections: pd.DataFrame) -> pd.Series:
    """Return which rows have a value with an interval, bool."""
    return corrections[["value", "ci_low", "ci_high"]].notna().all(axis=1)


def leading_first(corrections: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join tables of corrected drift.

    Args:
        corrections: tables with the columns of `corrected_drift_table`, the preferred method first.

    Returns:
        All rows. Of each share, the leading row precedes the others: the first that has an interval, otherwise the
        first. `drop_duplicates(SPAN)` therefore selects the leading rows.
    """
    used = [table for table in corrections if len(table)]
    if len(used) < 2:
        return used[0] if used else corrections[0]
    joined = pd.concat(used, ignore_index=True)
    order = joined.assign(is_last=~has_interval(joined)).sort_values("is_last", kind="stable").index
    is_leading = ~joined.loc[order].duplicated(SPAN)
    leading = order[is_leading.to_numpy()].sort_values()
    return joined.loc[[*leading, *joined.index.difference(leading)]].reset_index(drop=True)
