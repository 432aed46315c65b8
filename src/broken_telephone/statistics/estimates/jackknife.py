"""Jackknife over starts: intervals and tests of measures whose bootstrap would be biased or slow.

Resampled starts occur several times in a sample, which lowers every measure of diversity. The jackknife leaves starts
out instead, and needs each of them once (Arvesen 1969, Annals of Mathematical Statistics 40, for U-statistics).
"""

from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate

_ROUNDING = 1e-7
"""Standard error below which all starts are alike. Equal starts do not show that all starts are equal."""


class Jackknife(NamedTuple):
    """A measure of a group of chains, and its values without single starts."""

    value: float
    without: np.ndarray
    """(clusters of the group,), null where the measure is undefined; equal to the value for a start without data."""
    n: int
    """Chains with data."""
    clusters: int
    """Starts with data."""

    @property
    def standard_error(self) -> float:
        """The standard error, null if any of the values is undefined or fewer than two starts have data."""
        if self.clusters < 2 or not np.isfinite(self.without).all():
            return np.nan
        # Starts without data leave the value as it is, and do not count.
        deviations = self.without - self.value
        mean = deviations.sum() / self.clusters
        squares = (deviations**2).sum() - self.clusters * mean**2
        return float(np.sqrt(max(squares, 0.0) * (self.clusters - 1) / self.clusters))

    def estimate(self, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Estimate:
        """Return the value and its 95 % interval, by Student's t distribution."""
        error = self.standard_error
        if not error > _ROUNDING:
            return Estimate(self.value)
        from scipy.special import stdtrit

        margin = float(stdtrit(self.clusters - 1, (1 + CONFIDENCE) / 2)) * error
        return Estimate(self.value, max(self.value - margin, bounds[0]), min(self.value + margin, bounds[1]))

    def p_value(self) -> float:
        """Return the p-value of the test that the measure is zero, null without a standard error."""
        error = self.standard_error
        if not error > _ROUNDING:
            return np.nan
        from scipy.stats import t

        return float(2 * t.sf(abs(self.value) / error, self.clusters - 1))

    def why_no_interval(self) -> str:
        """Explain why there is no interval. The text is empty if there is one."""
        if self.standard_error > _ROUNDING:
            return ""
        if np.isnan(self.value):
            return "not defined for a single start" if self.clusters == 1 else "not defined: no interval"
        if self.clusters < 2:
            return "a single start: no interval"
        return "all starts alike: no interval" if np.isfinite(self.without).all() else "too few starts: no interval"

    def since(self, before: "Jackknife") -> "Jackknife":
        """Return the change since an earlier image of the same group of chains."""
        clusters = min(self.clusters, before.clusters)
        return Jackknife(self.value - before.value, self.without - before.without, min(self.n, before.n), clusters)


def jackknifed_ratio(numerators: np.ndarray, denominators: np.ndarray) -> Jackknife:
    """Return the ratio of two sums over starts, (clusters,) each. The denominators count chains."""
    total, size = float(numerators.sum()), float(denominators.sum())
    without = ratios(total - numerators, size - denominators)
    return Jackknife(float(ratios(total, size)), without, int(size), int((denominators > 0).sum()))


def ratios(numerators: np.ndarray | float, denominators: np.ndarray | float) -> np.ndarray:
    """Divide counts or sums by counts, element by element; null where the count is 0."""
    counts = np.asarray(denominators, float)
    return np.asarray(np.where(counts == 0, np.nan, numerators / np.where(counts == 0, 1.0, counts)))
