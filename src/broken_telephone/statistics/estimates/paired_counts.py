"""Contingency tables of the same chains at two iterations, by cluster, and their cluster bootstrap."""

from dataclasses import dataclass

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import (
    Estimate,
    Resampling,
    bootstrap_intervals,
    cluster_bootstrap,
    distinct_rows,
)
from broken_telephone.statistics.estimates.clusters import cluster_counts
from broken_telephone.statistics.estimates.distances import share_differences
from broken_telephone.statistics.estimates.panel import ABSENT

PSEUDO_CLUSTERS = 2
"""Clusters added to the population of the bootstrap. Their chains spread evenly over all changes of category."""


@dataclass(frozen=True)
class PairedCounts:
    """Chains with a category at both iterations, as one table for each cluster. Equal tables are stored once."""

    patterns: np.ndarray
    """float64 (patterns, C, C): chains of a cluster by category before (rows) and after (columns)."""
    counts: np.ndarray
    """int64 (patterns,): number of clusters with each table."""

    @property
    def tables(self) -> np.ndarray:
        """The table of each cluster, (clusters, C, C)."""
        return np.repeat(self.patterns, self.counts, axis=0)

    @property
    def table(self) -> np.ndarray:
        """The table of all chains, (C, C)."""
        return np.asarray(np.tensordot(self.counts, self.patterns, 1))

    @property
    def clusters(self) -> int:
        """The number of clusters, which are independent starts."""
        return int(self.counts.sum())

    @property
    def chains(self) -> int:
        """The number of chains."""
        return int(self.table.sum())

    @property
    def sizes(self) -> dict[str, int]:
        """The columns n (chains) and clusters of a table of results."""
        return {"n": self.chains, "clusters": self.clusters}

    @property
    def changes(self) -> np.ndarray:
        """The change of the count of each category in each cluster, after less before: (clusters, C)."""
        return np.repeat(self.patterns.sum(1) - self.patterns.sum(2), self.counts, axis=0)

    def resampled(self, n_bootstrap: int, seed: int) -> np.ndarray:
        """Return the tables of cluster bootstrap samples, (n_bootstrap, C, C).

        The population has two pseudo-clusters more than the sample, spread evenly over all changes of category. They
        correspond to the pseudo-observations that Agresti and Min (2005, Statistics in Medicine 24) and Bonett and
        Price (2012, JEBS 37) add for a difference of two paired shares. Without them, intervals are too short for
        samples in which few chains change.
        """
        size = self.patterns.shape[-1]
        mean_chains = self.chains / max(self.clusters, 1)
        swaps = mean_chains * np.eye(size * size)[~np.eye(size, dtype=bool).ravel()]
        share = PSEUDO_CLUSTERS / max(len(swaps), 1)
        return cluster_bootstrap(self.patterns, self.counts, swaps, share, Resampling(n_bootstrap, seed))

    def share_changes(self, resampling: Resampling) -> list[Estimate]:
        """Estimate the change of the share of each category, after less before: (C,), -1 to 1."""
        samples = share_differences(self.resampled(*resampling))
        return bootstrap_intervals(share_differences(self.table), samples, self.clusters, (-1, 1))


def count_pairs(before: np.ndarray, after: np.ndarray, clusters: np.ndarray, size: int) -> PairedCounts:
    """Count chains by their categories at two iterations. Chains without a category at either are left out.

    Args:
        before, after: int (n,), codes of categories, or ABSENT.
        clusters: (n,), equal for chains that are not independent.
        size: number of categories C.
    """
    both = (before != ABSENT) & (after != ABSENT)
    cells = before[both].astype(np.int64) * size + after[both]
    if len(np.unique(clusters[both])) == len(cells):
        counts = np.bincount(cells, minlength=size * size)
        patterns, counts = np.eye(size * size)[counts > 0], counts[counts > 0]
    else:
        patterns, counts = distinct_rows(cluster_counts(cells, clusters[both], size * size))
    return PairedCounts(patterns.reshape(-1, size, size), counts)
