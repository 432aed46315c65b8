"""Pairs: the categories of the same chains at two times, counted as tables, by cluster, and resampled."""

from dataclasses import dataclass

import numpy as np

from broken_telephone.statistics.estimates.panel import ABSENT

MANY = 2000
"""Clusters from which on samples may differ a little in size."""
SWAPS = 2
"""Made-up clusters in a resampled population, which change between any two categories alike."""


@dataclass(frozen=True)
class Pairs:
    """Chains that have a category at both times, in clusters; those with equal tables are kept once and counted."""

    patterns: np.ndarray
    """float64 (patterns, C, C): chains of such a cluster by category before (rows) and after (columns)."""
    counts: np.ndarray
    """int64 (patterns,): how many clusters are such."""

    @property
    def tables(self) -> np.ndarray:
        """Of each cluster, (clusters, C, C)."""
        return np.repeat(self.patterns, self.counts, axis=0)

    @property
    def table(self) -> np.ndarray:
        """Of all clusters, (C, C)."""
        return np.asarray(np.tensordot(self.counts, self.patterns, 1))

    @property
    def clusters(self) -> int:
        """How many independent starts there are."""
        return int(self.counts.sum())

    @property
    def chains(self) -> int:
        """How many chains there are."""
        return int(self.table.sum())

    @property
    def changes(self) -> np.ndarray:
        """Of each cluster, chains that have a category after less those before: (clusters, C)."""
        return np.repeat(self.patterns.sum(1) - self.patterns.sum(2), self.counts, axis=0)

    def resampled(self, n_bootstrap: int, seed: int) -> np.ndarray:
        """Bootstrap over clusters: tables of `n_bootstrap` samples, (n_bootstrap, C, C).

        Clusters are drawn from those there are and two made-up ones, spread evenly over all changes of category.
        Without these, a sample in which few chains change would promise more than it knows; the two are those that
        Agresti and Min (2005, Statistics in Medicine 24) and Bonett and Price (2012, JEBS 37) add for a difference of
        two paired shares.

        Clusters with equal tables are drawn together, as one multinomial: the same distribution as drawing one by
        one, at a cost that does not grow with their number.
        """
        size = self.patterns.shape[-1]
        patterns, counts = self.patterns.reshape(len(self.patterns), -1), self.counts.astype(float)
        if size > 1 and len(patterns):
            # As heavy as a cluster is on average.
            heavy = self.table.sum() / counts.sum()
            swaps = heavy * np.eye(size * size)[~np.eye(size, dtype=bool).ravel()]
            patterns = np.concatenate([patterns, swaps])
            counts = np.concatenate([counts, np.full(len(swaps), SWAPS / len(swaps))])
        return np.asarray((drawn(counts, n_bootstrap, seed) @ patterns).reshape(n_bootstrap, size, size))


def drawn(counts: np.ndarray, n_bootstrap: int, seed: int) -> np.ndarray:
    """Return how often bootstrap samples have each of some patterns: float64, (n_bootstrap, patterns).

    Args:
        counts: (patterns,), how many clusters are such; fractions are made-up ones.
        n_bootstrap: samples.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    if counts.sum() < MANY:
        return rng.multinomial(round(counts.sum()), counts / counts.sum(), size=n_bootstrap).astype(float)
    # A multinomial, but for the samples' sizes, which differ by a hundredth or so and do not matter to shares; five
    # times as fast (Hanley and MacGibbon 2006, Computer Methods and Programs in Biomedicine 83).
    return rng.poisson(counts, size=(n_bootstrap, len(counts))).astype(float)


def pairs(before: np.ndarray, after: np.ndarray, clusters: np.ndarray, size: int) -> Pairs:
    """Pair the codes (n,) of chains at two times; chains that have none at either are left out.

    Args:
        before, after: places of categories, or ABSENT.
        clusters: (n,), equal for chains that are not independent.
        size: number of categories.
    """
    both = (before != ABSENT) & (after != ABSENT)
    places = before[both].astype(np.int64) * size + after[both]
    names, owner = np.unique(clusters[both], return_inverse=True)
    if len(names) == len(places):
        counts = np.bincount(places, minlength=size * size)
        patterns = np.eye(size * size)[counts > 0]
        return Pairs(patterns.reshape(-1, size, size), counts[counts > 0])
    tables = np.bincount(owner * size * size + places, minlength=len(names) * size * size)
    patterns, counts = distinct(tables.reshape(len(names), -1))
    return Pairs(patterns.reshape(-1, size, size), counts)


def distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows of counts (n, m), as floats, and how many there are of each.

    As bytes: `numpy.unique` compares rows number by number, which takes ten times as long.
    """
    small = np.ascontiguousarray(rows, dtype=np.min_scalar_type(rows.max(initial=0)))
    _, first, counts = np.unique(
        small.view(np.dtype((np.void, small.itemsize * small.shape[1]))).ravel(), return_index=True, return_counts=True
    )
    return rows[first].astype(np.float64), counts
