"""Pairs: the categories of the same chains at two times, counted as tables, by cluster, and resampled."""

from dataclasses import dataclass

import numpy as np

from broken_telephone.measures.panel import ABSENT

SWAPS = 2
"""Made-up clusters in a resampled population, which change between any two categories alike."""


@dataclass(frozen=True)
class Pairs:
    """Chains that have a category at both times."""

    tables: np.ndarray
    """float64 (clusters, C, C): of each cluster, chains by category before (rows) and after (columns)."""

    @property
    def table(self) -> np.ndarray:
        """Of all clusters, (C, C)."""
        return np.asarray(self.tables.sum(0))

    @property
    def clusters(self) -> int:
        """How many independent starts there are."""
        return len(self.tables)

    @property
    def chains(self) -> int:
        """How many chains there are."""
        return int(self.tables.sum())

    @property
    def changes(self) -> np.ndarray:
        """Of each cluster, chains that have a category after less those before: (clusters, C)."""
        return np.asarray(self.tables.sum(1) - self.tables.sum(2))

    def resampled(self, repeats: int, seed: int) -> np.ndarray:
        """Bootstrap over clusters: tables of `repeats` samples, (repeats, C, C).

        Clusters are drawn from those there are and two made-up ones, spread evenly over all changes of category.
        Without these, a sample in which few chains change would promise more than it knows; the two are those that
        Agresti and Min (2005, Statistics in Medicine 24) and Bonett and Price (2012, JEBS 37) add for a difference of
        two paired shares.

        Clusters that contribute the same are drawn together, as one multinomial: the same distribution as drawing
        one by one, at a cost that does not grow with their number.
        """
        size = self.tables.shape[-1]
        patterns, counts = np.unique(self.tables.reshape(len(self.tables), -1), axis=0, return_counts=True)
        if size > 1 and len(self.tables):
            # As heavy as a cluster is on average.
            swaps = (np.eye(size * size) * self.tables.sum() / len(self.tables))[~np.eye(size, dtype=bool).ravel()]
            patterns = np.concatenate([patterns, swaps])
            counts = np.concatenate([counts, np.full(len(swaps), SWAPS / len(swaps))])
        total = round(counts.sum())
        drawn = np.random.default_rng(seed).multinomial(total, counts / counts.sum(), size=repeats)
        return np.asarray((drawn @ patterns).reshape(repeats, size, size))


def pairs(before: np.ndarray, after: np.ndarray, clusters: np.ndarray, size: int) -> Pairs:
    """Pair the codes (n,) of chains at two times; chains that have none at either are left out.

    Args:
        before, after: places of categories, or ABSENT.
        clusters: (n,), equal for chains that are not independent.
        size: number of categories.
    """
    both = (before != ABSENT) & (after != ABSENT)
    names, owner = np.unique(clusters[both], return_inverse=True)
    places = (owner * size + before[both].astype(np.int64)) * size + after[both]
    counts = np.bincount(places, minlength=len(names) * size * size)
    return Pairs(counts.reshape(len(names), size, size).astype(np.float64))
