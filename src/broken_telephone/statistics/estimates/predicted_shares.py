"""Shares that a Markov chain of the first steps predicts for later images, and their prediction intervals."""

from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates import transitions
from broken_telephone.statistics.estimates.bootstrap import (
    Estimate,
    Resampling,
    bootstrap_intervals,
    cluster_bootstrap,
)
from broken_telephone.statistics.estimates.paired_counts import PSEUDO_CLUSTERS, PairedCounts


class Basis(NamedTuple):
    """What predictions are made from."""

    steps: PairedCounts
    """The first steps of all chains together."""
    counts: np.ndarray
    """(C,), chains by category in the last image that is used."""

    @property
    def shares(self) -> np.ndarray:
        """The shares in the last image that is used, (C,)."""
        return np.asarray(self.counts / self.counts.sum())


class Predictor:
    """Predicts shares from one basis, with one set of bootstrap samples."""

    def __init__(self, basis: Basis, resampling: Resampling) -> None:
        """Draw the bootstrap samples.

        Args:
            basis: what predictions are made from.
            resampling: of the bootstrap.
        """
        self._basis, self._seed = basis, resampling.seed
        self._matrix, self._matrices = _matrices(basis, resampling)

    def shares(self, steps: int, chains: int) -> list[Estimate]:
        """Predict the shares after further steps, with a 95 % interval for the shares that the chains then have.

        The variance is the sum of two parts. The first is the error of the estimated transitions, by the cluster
        bootstrap. The second is the chance of the further steps, which are independent given the last image if the
        chains are Markov chains: the sum of q (1 - q) over chains, where q is the probability of the category given a
        chain's last category.

        Args:
            steps: number of further steps, at least 1.
            chains: number of chains that will have an answer then.
        """
        basis = self._basis
        later, later_samples = (np.linalg.matrix_power(one, steps) for one in (self._matrix, self._matrices))
        means = basis.shares @ later_samples
        chance = (basis.shares @ (later_samples * (1 - later_samples))).mean(0) / max(chains, 1)
        rng = np.random.default_rng([self._seed, steps])
        samples = means + rng.standard_normal(means.shape) * np.sqrt(chance)
        return bootstrap_intervals(basis.shares @ later, samples, basis.steps.clusters, (0, 1))

    def fixed_point(self) -> list[Estimate]:
        """Estimate the shares after infinitely many steps, with a 95 % confidence interval."""
        limit, limits = (transitions.fixed_point(one, self._basis.shares) for one in (self._matrix, self._matrices))
        return bootstrap_intervals(limit, limits, self._basis.steps.clusters, (0, 1))


def _matrices(basis: Basis, resampling: Resampling) -> tuple[np.ndarray, np.ndarray]:
    """Return the transition matrix and those of bootstrap samples, (C, C) and (n_bootstrap, C, C).

    A pseudo-cluster holds the steps of one chain. Whole clusters, as `PairedCounts.resampled` adds them, would make
    intervals too wide if starts have several chains (benchmarks/long_chains.py).
    """
    steps = basis.steps
    size = len(steps.table)
    swaps = np.eye(size * size)[~np.eye(size, dtype=bool).ravel()] * steps.chains / basis.counts.sum()
    samples = cluster_bootstrap(steps.patterns, steps.counts, swaps, PSEUDO_CLUSTERS / max(len(swaps), 1), resampling)
    return transitions.transition_matrix(steps.table), transitions.transition_matrix(samples)
