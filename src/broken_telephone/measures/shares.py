"""Shares of categories with intervals."""

from collections.abc import Sequence

import pandas as pd
from scipy.stats import binomtest

SHARES = ("category", "n", "count", "share", "ci_low", "ci_high")


def category_shares(values: pd.Series, categories: Sequence[str], confidence: float = 0.95) -> pd.DataFrame:
    """Share of each category among values.

    Args:
        values: one category a row; each row is one independent person.
        categories: all of them, in their order; those that never occur have the share 0.
        confidence: of the interval by Wilson (1927), which holds near 0 and 1 and for few rows.

    Returns:
        Columns SHARES, one row a category; share and interval are null where there are no values.

    Raises:
        ValueError: if a value is none of the categories.
    """
    counts = values.value_counts()
    if unknown := set(counts[counts > 0].index) - set(categories):
        raise ValueError(f"{', '.join(sorted(map(str, unknown)))} is no category ({', '.join(categories)})")
    n = len(values)
    rows: list[tuple[str, int, int, float | None, float | None, float | None]] = []
    for category in categories:
        count = int(counts.get(category, 0))
        if n:
            interval = binomtest(count, n).proportion_ci(confidence, method="wilson")
            rows.append((category, n, count, count / n, interval.low, interval.high))
        else:
            rows.append((category, 0, 0, None, None, None))
    frame = pd.DataFrame(rows, columns=list(SHARES))
    return frame.astype({"share": float, "ci_low": float, "ci_high": float})
