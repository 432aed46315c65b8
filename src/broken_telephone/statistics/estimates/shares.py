"""Shares of categories with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Share:
    """Share of one category among n units in clusters; share and ends null where there are none."""

    n: int
    clusters: int
    count: int
    share: float
    ci_low: float
    ci_high: float


def clustered_shares(codes: np.ndarray, clusters: np.ndarray, size: int, confidence: float = 0.95) -> list[Share]:
    """Share of each category among units of which those in a cluster are not independent.

    Wilson's interval for the effective number of units (see `effective_number`), times (t of n - 1 / t of clusters -
    1)^2, since few clusters do not know their variance (Korn and Graubard 1998, Survey Methodology 24). Where a
    category never or always occurs nothing is known of the effect, and clusters are counted.

    Args:
        codes: (n,), 0 to size - 1.
        clusters: (n,), equal within a cluster.
        size: number of categories.
        confidence: of the interval.
    """
    from scipy.stats import t
    from statsmodels.stats.proportion import proportion_confint

    n = len(codes)
    if not n:
        return [Share(0, 0, 0, np.nan, np.nan, np.nan)] * size
    names, owner = np.unique(clusters, return_inverse=True)
    units = np.bincount(owner)
    levels = t.ppf((1 + confidence) / 2, [n - 1, len(names) - 1]) if len(names) > 1 else np.ones(2)
    known = float(levels[0] / levels[1]) ** 2
    found = []
    for category in range(size):
        counts = np.bincount(owner, codes == category)
        count = int(counts.sum())
        share = count / n
        effective = known * effective_number(units, share * (1 - share) / n, counts - share * units)
        low, high = proportion_confint(share * effective, effective, alpha=1 - confidence, method="wilson")
        found.append(Share(n, len(names), count, share, float(low), float(high)))
    return found


def effective_number(units: np.ndarray, alone: float, deviations: np.ndarray) -> float:
    """Return how many independent units so many in clusters are worth.

    n over the design effect, the variance between clusters over that of independent units, at least what clusters are
    worth whose units are all alike (Kish 1965, Survey Sampling: the square of the sum of their sizes over the sum of
    the squares) and at most n. The variance is the jackknife's, for a cluster that is larger than the others draws the
    share after itself and seems not to deviate.

    Args:
        units: (clusters,), how many each has.
        alone: variance of the share, were units independent; 0 where nothing is known of it.
        deviations: (clusters,), of each cluster's sum from what the share makes it expect.

    Returns:
        1 of a single cluster.
    """
    n, clusters = int(units.sum()), len(units)
    if clusters < 2:
        return 1.0
    least = n**2 / float((units**2).sum())
    between = (clusters - 1) / clusters * ((deviations / (n - units)) ** 2).sum()
    effect = between / alone if alone > 0 else np.inf
    return float(np.clip(n / effect if effect else n, least, n))
