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


def cluster_bootstrap(
    patterns: np.ndarray, counts: np.ndarray, pseudo: np.ndarray, pseudo_count: float, resampling: Resampling
) -> np.ndarray:
    """Draw cluster bootstrap samples of tables of counts.

    Clusters with equal tables are drawn together, as one multinomial. That is the distribution of a cluster bootstrap,
    at a cost that does not grow with the number of clusters.

    Args:
        patterns: (patterns, ...), the different tables of clusters.
        counts: (patterns,), number of clusters with each table.
        pseudo: (pseudo, cells), flattened tables of pseudo-clusters that are added to the population.
        pseudo_count: number of clusters that each of them stands for; may be a fraction.
        resampling: of the samples.

    Returns:
        float64 (n_bootstrap, ...), the table of each sample.
    """
    flat = np.concatenate([patterns.reshape(len(patterns), -1), pseudo])
    weights = np.concatenate([counts.astype(float), np.full(len(pseudo), pseudo_count)])
    rng, n_bootstrap = np.random.default_rng(resampling.seed), resampling.n_bootstrap
    if weights.sum() < POISSON_FROM:
        drawn = rng.multinomial(round(weights.sum()), weights / weights.sum(), size=n_bootstrap)
    else:
        # The Poisson bootstrap is five times as fast. Its sample sizes vary by about one percent, which does not matter
        # to shares (Hanley and MacGibbon 2006, Computer Methods and Programs in Biomedicine 83).
        drawn = rng.poisson(weights, size=(n_bootstrap, len(weights)))
    return np.asarray((drawn.astype(float) @ flat).reshape(n_bootstrap, *patterns.shape[1:]))


def distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows of counts (n, m) as float64, and the number of occurrences of each."""
    # As bytes: `numpy.unique` with an axis compares rows number by number, which takes ten times as long.
    small = np.ascontiguousarray(rows, dtype=np.min_scalar_type(rows.max(initial=0)))
    _, first, counts = np.unique(
        small.view(np.dtype((np.void, small.itemsize * small.shape[1]))).ravel(), return_index=True, return_counts=True
    )
    return rows[first].astype(np.float64), counts
