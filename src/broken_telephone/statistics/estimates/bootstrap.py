"""The cluster bootstrap and estimates with confidence intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
"""Coverage of every confidence interval."""
MIN_CLUSTERS = 30
"""Number of starts from which the interval of a nonlinear measure has its nominal coverage (docs/measures.md)."""
POISSON_FROM = 2000
"""Number of clusters from which the sizes of bootstrap samples may vary slightly."""


class Resampling(NamedTuple):
    """The number of bootstrap samples, which is also the least number of permutations of a test, and the seed."""

    n_bootstrap: int
    seed: int


class Estimate(NamedTuple):
    """A value and its 95 % confidence interval. Undefined numbers are null."""

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan

    def columns(self, names: Sequence[str] = ("value", "ci_low", "ci_high")) -> dict[str, float]:
        """Return value, low and high under three column names."""
        return dict(zip(names, self, strict=True))

    def why_no_interval(self, clusters: int) -> str:
        """Explain why `bootstrap_interval` found no interval. The text is empty if there is an interval."""
        if np.isfinite(self.low):
            return ""
        return "a single start: no interval" if clusters < 2 else "not defined in too many samples: no interval"


def bootstrap_interval(value: float, samples: np.ndarray, clusters: int, bounds: tuple[float, float]) -> Estimate:
    """Build a 95 % interval from the bootstrap standard error and Student's t distribution.

    Percentile intervals cover too seldom below one hundred chains, because few discordant chains give few different
    samples. With the two pseudo-clusters of `PairedCounts.resampled`, this interval covers 92 % or more from 30 starts
    on (simulation in docs/measures.md).

    Args:
        value: of the original sample.
        samples: (n_bootstrap,), bootstrap values; null where undefined.
        clusters: number of independent units; the degrees of freedom are one less.
        bounds: range of the measure.

    Returns:
        An estimate within the bounds. The interval is null if there are fewer than two clusters, or if more than a
        tenth of the samples is undefined.
    """
    valid = samples[np.isfinite(samples)]
    if np.isnan(value) or clusters < 2 or len(valid) < 0.9 * len(samples):
        return Estimate(value)
    from scipy.special import stdtrit

    margin = stdtrit(clusters - 1, 0.975) * valid.std()
    return Estimate(value, max(value - margin, bounds[0]), min(value + margin, bounds[1]))


def bootstrap_intervals(
    values: np.ndarray, samples: np.ndarray, clusters: int, bounds: tuple[float, float]
) -> list[Estimate]:
    """Build `bootstrap_interval` for each of the values (C,) and its samples (n_bootstrap, C)."""
    return [
        bootstrap_interval(float(value), column, clusters, bounds)
        for value, column in zip(values, samples.T, strict=True)
    ]


def bootstrap_counts(counts: np.ndarray, n_bootstrap: int, seed: int) -> np.ndarray:
    """Draw how often each pattern of clusters occurs in each bootstrap sample.

    Clusters with equal contents are drawn together, as one multinomial. That is the distribution of a cluster
    bootstrap, at a cost that does not grow with the number of clusters.

    Args:
        counts: (patterns,), number of clusters of each pattern; pseudo-clusters may be fractions.
        n_bootstrap: number of samples.
        seed: of the random generator.

    Returns:
        float64 (n_bootstrap, patterns).
    """
    rng = np.random.default_rng(seed)
    if counts.sum() < POISSON_FROM:
        return rng.multinomial(round(counts.sum()), counts / counts.sum(), size=n_bootstrap).astype(float)
    # The Poisson bootstrap is five times as fast. Its sample sizes vary by about one percent, which does not matter to
    # shares (Hanley and MacGibbon 2006, Computer Methods and Programs in Biomedicine 83).
    return rng.poisson(counts, size=(n_bootstrap, len(counts))).astype(float)


def distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows of counts (n, m) as float64, and the number of occurrences of each."""
    # As bytes: `numpy.unique` with an axis compares rows number by number, which takes ten times as long.
    small = np.ascontiguousarray(rows, dtype=np.min_scalar_type(rows.max(initial=0)))
    _, first, counts = np.unique(
        small.view(np.dtype((np.void, small.itemsize * small.shape[1]))).ravel(), return_index=True, return_counts=True
    )
    return rows[first].astype(np.float64), counts
