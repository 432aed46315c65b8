"""Permutation tests of differences of means: of groups within strata, and of pairs. Arrays in, arrays out."""

from collections.abc import Iterator

import numpy as np

from broken_telephone.statistics.hypothesis_tests.paired_tests import PERMUTATIONS

_AT_ONCE = 2_000_000
"""Numbers that are drawn together."""


class Strata:
    """Numbers of starts, each in one or several strata, where it belongs to one of two groups.

    Compared is, stratum by stratum, the mean of group one with that of the other. Strata count by n1 n0 / (n1 + n0),
    the inverse of the difference's variance if all have one; one that lacks a group counts nothing.
    """

    def __init__(self, starts: np.ndarray, strata: np.ndarray, first: np.ndarray, values: np.ndarray) -> None:
        """Arrange rows, one of each start and stratum.

        Args:
            starts: (rows,), which start.
            strata: (rows,), which stratum.
            first: (rows,), whether it belongs to group one.
            values: (rows, K) of finite numbers.
        """
        both = [s for s in np.unique(strata) if 0 < first[strata == s].mean() < 1]
        kept = np.isin(strata, both)
        starts, strata, first, values = starts[kept], strata[kept], first[kept], values[kept]
        self.counts = (len(np.unique(starts[first])), len(np.unique(starts[~first])))
        """Starts of either group."""
        names, row = np.unique(starts, return_inverse=True)
        column = np.searchsorted(both, strata)
        present = np.zeros((len(names), len(both)), bool)
        present[row, column] = True
        # Starts that have words for the same labels stand together.
        block = np.unique(present, axis=0, return_inverse=True)[1].ravel() if len(both) else np.zeros(0, int)
        order = np.argsort(block, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        self.block = block[order]
        self.present = present[order].astype(float)
        self.first = np.zeros_like(self.present)
        self.first[place[row], column] = first
        self.values = np.zeros((*self.present.shape, values.shape[1]))
        self.values[place[row], column] = values
        means = self.values.sum(0) / np.maximum(self.present.sum(0), 1)[:, None]
        self.values = (self.values - means) * self.present[..., None]

    def __len__(self) -> int:
        """Count starts in strata with both groups."""
        return len(self.block)

    def difference(self) -> np.ndarray:
        """Return the difference of means, group one less the other: (K,)."""
        return self._differences(np.ones((1, len(self))))[0]

    def resampled(self, repeats: int, seed: int) -> np.ndarray:
        """Return the differences of starts drawn anew, (repeats, K); null where no stratum has both groups."""
        rng = np.random.default_rng(seed)
        chances = np.full(len(self), 1 / len(self))
        parts = [
            self._differences(rng.multinomial(len(self), chances, size).astype(float))
            for size in _sizes(repeats, len(self))
        ]
        return np.concatenate(parts)

    def p_values(self, repeats: int, seed: int) -> np.ndarray:
        """Return two-sided p-values, (K,): twice the smaller tail, the sample being one of the permutations.

        Starts are exchanged, as wholes, with those that are in the same strata.
        """
        rng = np.random.default_rng(seed)
        repeats = max(repeats, PERMUTATIONS)
        observed = np.einsum("nl,nlk->k", self.first, self.values)
        nearly = 1e-9 * np.abs(self.values).sum((0, 1)) + 1e-12
        above, below = np.ones_like(observed), np.ones_like(observed)
        for size in _sizes(repeats, len(self)):
            dealt = np.argsort(self.block + rng.random((size, len(self))), axis=1)
            sums = sum(self.first[dealt, k] @ self.values[:, k] for k in range(self.first.shape[1]))
            above += (sums >= observed - nearly).sum(0)
            below += (sums <= observed + nearly).sum(0)
        return np.asarray(np.minimum(2 * np.minimum(above, below) / (repeats + 1), 1))

    def _differences(self, weights: np.ndarray) -> np.ndarray:
        """Differences of means (R, K) of starts that count (R, starts) times."""
        one, all_ = weights @ self.first, weights @ self.present
        known = (one > 0) & (one < all_)
        share = np.where(known, one / np.maximum(all_, 1), 0)
        above = np.zeros((len(weights), self.values.shape[2]))
        for k in range(self.first.shape[1]):
            own = self.values[:, k]
            sums = weights @ (own * self.first[:, k, None]) - share[:, k, None] * (weights @ own)
            above += np.where(known[:, k, None], sums, 0)
        total = (share * (all_ - one)).sum(1)[:, None]
        return np.divide(above, total, out=np.full_like(above, np.nan), where=total > 0)


def flipped(differences: np.ndarray, repeats: int, seed: int) -> np.ndarray:
    """Return two-sided p-values of sums of differences, each of which may as well have the other sign.

    Args:
        differences: (starts, K).
        repeats: PERMUTATIONS at least; where there are no more ways than that, all are gone through.
        seed: of the permutation.
    """
    repeats, count = max(repeats, PERMUTATIONS), len(differences)
    sums = np.abs(differences.sum(0))
    sums -= 1e-9 * np.abs(differences).sum(0) + 1e-12
    if 2**count <= repeats:
        signs = 1.0 - 2 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
        return np.asarray((np.abs(signs @ differences) >= sums).mean(0))
    rng = np.random.default_rng(seed)
    as_far = np.ones_like(sums)
    for size in _sizes(repeats, count):
        signs = 1.0 - 2 * rng.integers(0, 2, (size, count))
        as_far += (np.abs(signs @ differences) >= sums).sum(0)
    return np.asarray(as_far / (repeats + 1))


def _sizes(repeats: int, count: int) -> Iterator[int]:
    most = max(1, _AT_ONCE // max(count, 1))
    for begin in range(0, repeats, most):
        yield min(most, repeats - begin)
