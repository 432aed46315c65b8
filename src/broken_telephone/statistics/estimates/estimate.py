"""A value and its interval, and how the intervals of resampled measures are made."""

from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """A value and its interval; all null where it is not defined."""

    value: float
    low: float
    high: float


NONE = Estimate(np.nan, np.nan, np.nan)


def spread(value: float, samples: np.ndarray, clusters: int, bounds: tuple[float, float]) -> Estimate:
    """Return a value with the 95 % interval of its bootstrap standard error, by Student's t.

    Percentiles of the samples cover too seldom below a hundred chains: few discordant chains give few different
    samples. The standard error of samples drawn with two made-up swaps (see `resample`) covers 92 % or more from
    30 starts on; docs/measures.md has the simulation.

    Args:
        value: of the sample itself.
        samples: (n_bootstrap,), of the resampled; null where it is not defined.
        clusters: independent units, which give the degrees of freedom.
        bounds: the lowest and highest value that the measure can have.

    Returns:
        Ends null where there are fewer than two clusters, or too few samples have a value.
    """
    found = samples[np.isfinite(samples)]
    if np.isnan(value) or clusters < 2 or len(found) < 0.9 * len(samples):
        return Estimate(value, np.nan, np.nan)
    from scipy.special import stdtrit

    reach = stdtrit(clusters - 1, 0.975) * found.std()
    return Estimate(value, max(value - reach, bounds[0]), min(value + reach, bounds[1]))


def why_no_interval(found: Estimate, clusters: int) -> str:
    """Say why an estimate that `spread` gave has no interval; nothing where it has one."""
    if np.isfinite(found.low):
        return ""
    return "a single start: no interval" if clusters < 2 else "not defined in too many samples: no interval"
