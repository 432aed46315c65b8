"""Intervals and estimates of findings that were selected because their tests were significant."""

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE
from broken_telephone.statistics.hypothesis_tests.power import POWER

_BISECTIONS = 60
_GRID, _EM_STEPS = 161, 200


def standard_errors(value: np.ndarray, low: np.ndarray, high: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Recover standard errors from 95 % intervals of Student's t distribution with clusters - 1 degrees of freedom.

    Args:
        value, low, high: (n,). An interval may be cut at one end of the measure's range; the longer side counts.
        clusters: (n,), number of independent units.

    Returns:
        (n,), at least 0; null without an interval or below two clusters.
    """
    from scipy.stats import t

    half = np.fmax(value - low, high - value)
    enough = clusters >= 2
    return np.where(enough, half / t.ppf((1 + CONFIDENCE) / 2, np.where(enough, clusters, 2) - 1), np.nan)


def margins(errors: np.ndarray, clusters: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return half the widths (n,) of intervals of Student's t distribution that miss the truth in the share `level`.

    Args:
        errors, clusters: (n,), see `standard_errors`.
        level: (n,).
    """
    from scipy.stats import t

    return np.asarray(errors * t.isf(level / 2, np.maximum(clusters, 2) - 1))


def intervals_at(
    value: np.ndarray, errors: np.ndarray, clusters: np.ndarray, level: np.ndarray, bound: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Build intervals with the coverage 1 - level, again of Student's t distribution.

    If r of m hypotheses are rejected by Benjamini and Hochberg at the false discovery rate q, intervals of the rejected
    ones at the level r q / m miss the truth in at most the share q, on average over studies (false coverage rate,
    Benjamini and Yekutieli 2005, JASA 100).

    Args:
        value, errors, clusters: (n,), see `standard_errors`.
        level: (n,), share of intervals that miss the truth.
        bound: (n,), largest possible absolute value; may be infinite.

    Returns:
        Lower and upper limits (n,); null where the error is null.
    """
    margin = margins(errors, clusters, level)
    return np.maximum(value - margin, -bound), np.minimum(value + margin, bound)


def detectable_changes(errors: np.ndarray, clusters: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Compute the change that a test at this level detects with the power `POWER`, (n,).

    Args:
        errors, clusters: (n,), see `standard_errors`.
        level: (n,), of the two-sided test.
    """
    return margins(errors, clusters, level) + margins(errors, clusters, np.full(len(errors), 2 * (1 - POWER)))


def equivalence_p_values(value: np.ndarray, errors: np.ndarray, clusters: np.ndarray, margin: float) -> np.ndarray:
    """Test that the absolute true values are below a margin, by two one-sided t-tests (Schuirmann 1987).

    Args:
        value, errors, clusters: (n,), see `standard_errors`.
        margin: above 0.

    Returns:
        (n,), p-values of the hypothesis that the absolute true value is at least the margin; null without an error.
    """
    from scipy.stats import t

    distance = margin - np.abs(value)
    certain = np.where(distance > 0, 0.0, 1.0)
    p_values = t.sf(distance / np.where(errors > 0, errors, 1), np.maximum(clusters, 2) - 1)
    return np.where(np.isnan(errors), np.nan, np.where(errors > 0, p_values, certain))


def shrunken_values(value: np.ndarray, errors: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Correct estimates for their selection: the winner's curse.

    A significant estimate is too large more often than not, above all if the power is low. The result is the
    median-unbiased estimate under the normal distribution, given that the absolute estimate exceeds the threshold
    (conditional estimates: Zhong and Prentice 2008, Biostatistics 9; median-unbiased: Andrews, Kitagawa and McCloskey
    2024, Quarterly Journal of Economics 139).

    Args:
        value: (n,), selected estimates.
        errors: (n,), their standard errors.
        threshold: (n,), least absolute value that would have been selected.

    Returns:
        (n,), of the sign of the value and between 0 and the value.
    """
    from scipy.stats import norm

    size, scale = np.abs(value), np.where(errors > 0, errors, 1e-12)
    threshold = np.minimum(threshold, size)

    def chance_of_more(center: np.ndarray) -> np.ndarray:
        selected = norm.sf((threshold - center) / scale) + norm.cdf((-threshold - center) / scale)
        return np.asarray(norm.sf((size - center) / scale) / np.maximum(selected, 1e-300))

    low, high = np.zeros(len(size)), size.astype(float)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        is_below = chance_of_more(middle) < 0.5
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.sign(value) * low


def posterior_medians(value: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Estimate each value by empirical Bayes from all values of a family, significant or not.

    The prior is the nonparametric maximum likelihood estimate on a grid, by EM (Kiefer and Wolfowitz 1956; Jiang and
    Zhang 2009, Annals of Statistics 37). Medians of the posterior need no correction for any later selection, such as
    the largest values, as far as the prior is right. The prior is symmetric around 0, so that two shares that mirror
    each other, such as genders, get estimates that mirror each other.

    Args:
        value: (n,), all finite.
        errors: (n,), their standard errors, above 0.

    Returns:
        (n,), on a grid between the largest absolute value and its negative.
    """
    from scipy.stats import norm

    size = np.abs(value)
    grid = np.linspace(-size.max(), size.max(), _GRID)
    likelihood = norm.pdf((size[:, None] - grid) / errors[:, None]) + 1e-300
    prior = np.full(_GRID, 1 / _GRID)
    for _ in range(_EM_STEPS):
        posterior = likelihood * prior
        posterior /= posterior.sum(1, keepdims=True)
        prior = posterior.mean(0)
        prior = (prior + prior[::-1]) / 2
    return np.asarray(np.sign(value) * grid[(posterior.cumsum(1) >= 0.5 - 1e-12).argmax(1)])
