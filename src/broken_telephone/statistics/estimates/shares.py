"""Shares of categories with Wilson intervals, for independent and for clustered units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE
from broken_telephone.statistics.estimates.clusters import cluster_counts, effective_sample_size

SHARES = ("category", "n", "count", "share", "ci_low", "ci_high")


def category_shares(values: pd.Series, categories: Sequence[str]) -> pd.DataFrame:
    """Compute the share of each category among independent values.

    Args:
        values: one category a row.
        categories: all categories, in their order.

    Returns:
        Columns SHARES, one row for each category, with 95 % intervals of Wilson (1927, JASA 22). Share and interval
        are null without values.

    Raises:
        ValueError: if a value is not among the categories.
    """
    # Imported here, because the import takes a second and listing the pipelines should not.
    from statsmodels.stats.proportion import proportion_confint

    counts = values.value_counts()
    if unknown := set(counts[counts > 0].index) - set(categories):
        raise ValueError(f"{', '.join(sorted(map(str, unknown)))} is no category ({', '.join(categories)})")
    frame = pd.DataFrame({"category": list(categories), "n": len(values)})
    frame["count"] = [int(counts.get(category, 0)) for category in categories]
    if frame.empty or not len(values):
        return frame.assign(share=np.nan, ci_low=np.nan, ci_high=np.nan)
    low, high = proportion_confint(frame["count"], frame["n"], alpha=1 - CONFIDENCE, method="wilson")
    return frame.assign(share=frame["count"] / frame["n"], ci_low=low, ci_high=high)


@dataclass(frozen=True)
class Share:
    """The share of one category among n units in clusters. Share and interval are null without units."""

    n: int
    clusters: int
    count: int
    share: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan


def clustered_shares(codes: np.ndarray, clusters: np.ndarray, size: int) -> list[Share]:
    """Compute the share of each category among clustered units.

    The interval is Wilson's for the effective sample size, times (t of n - 1 / t of clusters - 1)^2. The factor allows
    for the uncertain variance of few clusters (Korn and Graubard 1998, Survey Methodology 24). For a category that
    never or always occurs the design effect is unknown, and clusters count as units.

    Args:
        codes: int (n,), 0 to size - 1.
        clusters: (n,), equal within a cluster.
        size: number of categories.
    """
    from scipy.stats import t
    from statsmodels.stats.proportion import proportion_confint

    n = len(codes)
    if not n:
        return [Share(0, 0, 0)] * size
    counts = cluster_counts(codes, clusters, size)
    units = counts.sum(1)
    quantiles = t.ppf((1 + CONFIDENCE) / 2, [n - 1, len(units) - 1]) if len(units) > 1 else np.ones(2)
    factor = float(quantiles[0] / quantiles[1]) ** 2
    estimates = []
    for own_counts in counts.T:
        count = int(own_counts.sum())
        share = count / n
        effective = factor * effective_sample_size(units, share * (1 - share) / n, own_counts - share * units)
        low, high = proportion_confint(share * effective, effective, alpha=1 - CONFIDENCE, method="wilson")
        estimates.append(Share(n, len(units), count, share, float(low), float(high)))
    return estimates
