"""Means over the chains of each label with standard errors over starts, for all labels at once."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.paired_counts import PSEUDO_CLUSTERS
from broken_telephone.statistics.estimates.panel import ALL

_ROUNDING = 1e-9
"""Standard errors below it come from rounding only."""


class Groups(NamedTuple):
    """Chains of each label, or of all labels together, and the starts within each group."""

    keys: list[tuple[str, str]]
    """(groups,), kind of start, and label or ALL."""
    cells: np.ndarray
    """int (n,), the number of each chain's start within its group."""
    owners: np.ndarray
    """int (cells,), the group of each of these starts, ascending."""
    starts: np.ndarray
    """int (cells,), the start, as it was given."""

    def counted(self, weights: np.ndarray) -> np.ndarray:
        """Sum the weights (n,) of the chains of each cell: (cells,)."""
        return np.bincount(self.cells, weights, len(self.owners))

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Sum the values (cells,) of each group: (groups,)."""
        return np.bincount(self.owners, values, len(self.keys))

    def of_group(self, group: int) -> slice:
        """Return the cells of a group."""
        first, last = np.searchsorted(self.owners, [group, group + 1])
        return slice(int(first), int(last))


def label_and_all_groups(kinds: np.ndarray, labels: np.ndarray, starts: np.ndarray) -> list[Groups]:
    """Divide chains by kind of start and label, and by kind of start alone.

    Args:
        kinds: object (n,), image or prompt.
        labels: object (n,).
        starts: int (n,), at least 0; the start of each chain.

    Returns:
        One or two divisions of all chains. The second has the label ALL. Kinds of start with a single label are in it,
        too, and `keys` of the first division tells which these are.
    """
    divisions = []
    for names in (labels, np.full(len(labels), ALL, dtype=object)):
        index = pd.MultiIndex.from_arrays([kinds, names])
        codes, unique = index.factorize()
        cells, cell = np.unique(codes * (int(starts.max(initial=0)) + 1) + starts, return_inverse=True)
        owners, own_starts = np.divmod(cells, int(starts.max(initial=0)) + 1)
        divisions.append(Groups([(str(kind), str(name)) for kind, name in unique], cell, owners, own_starts))
    return divisions


class GroupMeans(NamedTuple):
    """Means of each group."""

    n: np.ndarray
    """(groups,), chains with a value."""
    clusters: np.ndarray
    """(groups,), their starts."""
    value: np.ndarray
    """(groups,), null without a chain."""
    error: np.ndarray
    """(groups,), standard errors; null below two starts, and if all starts are alike."""
    influence: np.ndarray
    """(cells,), what each start adds to the error of its group's mean, without pseudo-starts."""
    sums: np.ndarray
    """(cells,), sum of the values of each start."""


def grouped_means(
    values: np.ndarray, groups: Groups, categories: int, scale: float = 1.0, weights: np.ndarray | None = None
) -> GroupMeans:
    """Average values over the chains of each group.

    The standard error is that of a mean of clusters, linearised (Cochran 1977, Sampling Techniques, section 11.8). For
    differences of indicators it is what the bootstrap of `PairedCounts.resampled` converges to: two pseudo-starts are
    added, whose chains spread evenly over all changes of category. Numbers other than indicators have none. Their
    variance is multiplied by G / (G - 1) for G starts.

    Args:
        values: (n,), null where not measured. Differences of indicators, or other numbers.
        groups: of the chains.
        categories: see `Outcome.categories`.
        scale: variance of the pseudo-starts, in units of that of a difference between two indicators. A sum of
            indicators with the weights v has half the sum of the squares of v.
        weights: (n,), of the chains, at least 0, with the mean 1 over the chains with a value of a group; None for
            equal ones. Chains with the weight 0 do not count.
    """
    valid = np.isfinite(values) if weights is None else np.isfinite(values) & (weights > 0)
    shares = valid.astype(float) if weights is None else np.where(valid, weights, 0.0)
    counts, sums = groups.counted(shares), groups.counted(np.where(valid, values, 0.0) * shares)
    n, clusters, total = groups.summed(groups.counted(valid)), groups.summed(counts > 0), groups.summed(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_chains = n / clusters
        value = total / n
        added = PSEUDO_CLUSTERS * mean_chains if categories else np.zeros(len(n))
        # The population of the bootstrap has the mean total / (n + added).
        center = total / (n + added)
        deviations = sums - counts * center[groups.owners]
        squares = groups.summed(deviations**2)
        if categories:
            squares = squares + PSEUDO_CLUSTERS * mean_chains**2 * (2 * scale / categories + center**2)
            per_chain = 1 / (n + added)
        else:
            per_chain = np.sqrt(clusters / (clusters - 1)) / n
        error = np.where(clusters > 1, np.sqrt(squares) * per_chain, np.nan)
        # Equal starts do not show that all starts are equal.
        error = np.where(error > _ROUNDING, error, np.nan)
    influence = deviations * np.nan_to_num(per_chain)[groups.owners]
    return GroupMeans(n, clusters, value, error, influence, sums)
