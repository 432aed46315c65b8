"""Shares of categories with intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

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
    # Imported here: it takes a second, which listing the pipelines should not.
    from statsmodels.stats.proportion import proportion_confint

    counts = values.value_counts()
    if unknown := set(counts[counts > 0].index) - set(categories):
        raise ValueError(f"{', '.join(sorted(map(str, unknown)))} is no category ({', '.join(categories)})")
    frame = pd.DataFrame({"category": list(categories), "n": len(values)})
    frame["count"] = [int(counts.get(category, 0)) for category in categories]
    if frame.empty or not len(values):
        return frame.assign(share=np.nan, ci_low=np.nan, ci_high=np.nan)
    low, high = proportion_confint(frame["count"], frame["n"], alpha=1 - confidence, method="wilson")
    return frame.assign(share=frame["count"] / frame["n"], ci_low=low, ci_high=high)
