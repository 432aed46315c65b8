"""Worst-case bounds on shares and their changes if none or all of the missing answers were of a category.

The bounds need no assumption about missing answers (Manski 1990, American Economic Review 80).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE
from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.paired_counts import PSEUDO_CLUSTERS
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, first_picture
from broken_telephone.statistics.tables.group_table import GROUP, Map, Row, group_table

SHARE_BOUNDS = (
    *(*GROUP, "category", "since", "iteration", "missing_before", "missing_after"),
    *("share_low", "share_high", "change_low", "change_high", "ci_low", "ci_high", "p_bounds", "n", "clusters", "note"),
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
        - ci_low, ci_high: 95 % limits of change_low and change_high, -1 to 1; null with a single start.
        - p_bounds: test of "the bounds on the change include zero", 0 to 1; null with a single start. The bounds have a
          sampling error like any other estimate (Imbens and Manski 2004, Econometrica 72).
        - n: chains; clusters: their independent starts.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        chains, since = group.panel.of(group.chosen), first_picture(group.start)
        for iteration in chains.later(since):
            for category, bounds in zip(chains.categories, change_bounds(chains, since, iteration), strict=True):
                yield {"category": category, "since": since, "iteration": iteration} | bounds

    return group_table(panels, SHARE_BOUNDS, rows_of, each)


def change_bounds(chains: Panel, since: int, iteration: int) -> Iterator[Row]:
    """Yield the columns of `share_bounds_table` from missing_before on, for each category of the chains."""
    before, after = (chains.codes[:, [k]] for k in (since, iteration))
    codes = np.arange(len(chains.categories))
    was, may_have_been = before == codes, (before == codes) | (before == ABSENT)
    is_now, may_be_now = after == codes, (after == codes) | (after == ABSENT)
    lowest, highest = is_now.astype(int) - may_have_been, may_be_now.astype(int) - was
    low, high, p_values, clusters = _limits(lowest, highest, chains.clusters)
    for code in codes:
        yield {
            "missing_before": (before == ABSENT).mean(),
            "missing_after": (after == ABSENT).mean(),
            "share_low": is_now[:, code].mean(),
            "share_high": may_be_now[:, code].mean(),
            "change_low": lowest[:, code].mean(),
            "change_high": highest[:, code].mean(),
            "ci_low": low[code],
            "ci_high": high[code],
            "p_bounds": p_values[code],
            "n": len(after),
            "clusters": clusters,
            "note": "a single start: no interval and no test" if clusters < 2 else "",
        }


def _limits(
    lowest: np.ndarray, highest: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return confidence limits of both bounds, and test whether the lower is above zero or the upper below.

    Two pseudo-clusters, as in `PairedCounts.resampled`, keep the standard errors of few changes above zero.

    Args:
        lowest, highest: int (n, C), smallest and largest possible change of each chain, -1 to 1.
        clusters: (n,).

    Returns:
        Lower and upper limits (C,), two-sided p-values (C,), and the number of clusters.
    """
    from scipy.stats import t

    sizes = cluster_sums(np.ones(len(clusters)), clusters)
    count, n = len(sizes), len(clusters)
    if count < 2:
        null = np.full(lowest.shape[1], np.nan)
        return null, null, null, count
    ends, one_sided = [], []
    for changes, sign in ((lowest, 1), (highest, -1)):
        mean = changes.mean(0)
        deviations = cluster_sums(changes, clusters) - np.outer(sizes, mean)
        error = np.sqrt((deviations**2).sum(0) + PSEUDO_CLUSTERS * (n / count) ** 2) / n
        ends.append(np.clip(mean - sign * error * t.ppf((1 + CONFIDENCE) / 2, count - 1), -1, 1))
        one_sided.append(t.sf(sign * mean / error, count - 1))
    return ends[0], ends[1], np.minimum(2 * np.minimum(*one_sided), 1), count
