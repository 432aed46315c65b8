"""Worst-case bounds on shares and their changes if none or all of the missing answers were of a category.

The bounds need no assumption about missing answers (Manski 1990, American Economic Review 80).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, first_picture
from broken_telephone.statistics.tables.group_table import GROUP, Map, Row, group_table

SHARE_BOUNDS = (
    *(*GROUP, "category", "since", "iteration", "missing_before", "missing_after"),
    *("share_low", "share_high", "change_low", "change_high", "n", "note"),
)


def share_bounds_table(panels: Sequence[Panel], each: Map = map) -> pd.DataFrame:
    """Bound the share of each category in each picture after the first, and its change since the first.

    Args:
        panels: one for each attribute, all of one annotator.
        each: see `group_table`.

    Returns:
        Columns SHARE_BOUNDS. They are about all chains of the group, with or without answers.

        - missing_before, missing_after: shares of chains without a valid answer at `since` and `iteration`, 0 to 1.
        - share_low, share_high: share at `iteration` if none or all missing answers were of the category.
        - change_low, change_high: its change, -1 to 1, if the missing answers at both iterations were as unfavourable
          as possible.
        - n: chains.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        codes, since = group.panel.codes[group.chosen], first_picture(group.start)
        low = np.array([(codes == code).mean(0) for code in range(len(group.panel.categories))])
        missing = (codes == ABSENT).mean(0)
        for iteration in range(since + 1, codes.shape[1]):
            for category, own in zip(group.panel.categories, low, strict=True):
                yield {
                    "category": category,
                    "since": since,
                    "iteration": iteration,
                    "missing_before": missing[since],
                    "missing_after": missing[iteration],
                    "share_low": own[iteration],
                    "share_high": own[iteration] + missing[iteration],
                    "change_low": own[iteration] - own[since] - missing[since],
                    "change_high": own[iteration] + missing[iteration] - own[since],
                    "n": len(codes),
                    "note": "",
                }

    return group_table(panels, SHARE_BOUNDS, rows_of, each)
