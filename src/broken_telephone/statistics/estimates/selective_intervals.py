"""Intervals and estimates of findings that were selected because their tests were significant."""

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE
from broken_telephone.statistics.hypothesis_tests.power import POWER

_BISECTIONS = 60
_SCALES, _EM_STEPS = 16, 300


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


def conditional_estimates(value: np.ndarray, errors: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Correct each estimate for its own selection: the winner's curse.

    A significant estimate is too large more often than not, above all if the power is low. The conditional maximum
    likelihood estimate is the true value under which selected estimates have this mean. It corrects too much if the
    estimate is close to the threshold. The result is therefore its average with the estimate, the third estimator of
    Zhong and Prentice (2008, Biostatistics 9). Estimates are normally distributed.

    Args:
        value: (n,), selected estimates.
        errors: (n,), their standard errors.
        threshold: (n,), least absolute value that would have been selected.

    Returns:
        (n,), of the sign of the value, and between half of the value and the value; the value where the error is 0.
    """
    from scipy.stats import norm

    has_error = errors > 0
    size, scale = np.where(has_error, np.abs(value), 0), np.where(has_error, errors, 1)
    threshold = np.where(has_error, np.minimum(threshold, size), 0)

    def mean_of_selected(center: np.ndarray) -> np.ndarray:
        upper, lower = (threshold - center) / scale, (-threshold - center) / scale
        log_selected = np.logaddexp(norm.logsf(upper), norm.logcdf(lower))
        densities = [np.exp(norm.logpdf(end) - log_selected) for end in (upper, lower)]
        return np.asarray(center + scale * (densities[0] - densities[1]))

    low, high = np.zeros(len(size)), size.astype(float)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        is_below = mean_of_selected(middle) < size
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.asarray(np.where(has_error, np.sign(value) * (size + low) / 2, value))


def adaptive_estimates(value: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Estimate each value by empirical Bayes from all values of a family, significant or not.

    The prior is a mixture of zero and of normal distributions around zero. Their weights are maximum likelihood
    estimates by EM (adaptive shrinkage: Stephens 2017, Biostatistics 18). The wide distributions have long tails, so
    that clear effects are hardly shrunken although most values of the family are close to zero. Means of the posterior
    need no correction for any later selection, such as the largest values, as far as the prior is right. The prior is
    symmetric, so that two shares that mirror each other, such as genders, get estimates that mirror each other.

    Args:
        value: (n,), all finite.
        errors: (n,), their standard errors, above 0.

    Returns:
        (n,), posterior means, of the sign of the value and at most as large.
    """
    from scipy.stats import norm

    narrowest = np.median(errors) / 3
    scales = np.r_[0, np.geomspace(narrowest, max(2 * np.abs(value).max(), narrowest), _SCALES)]
    variances = errors[:, None] ** 2 + scales**2
    log_likelihood = norm.logpdf(value[:, None], scale=np.sqrt(variances))
    likelihood = np.exp(log_likelihood - log_likelihood.max(1, keepdims=True))
    prior = np.full(len(scales), 1 / len(scales))
    for _ in range(_EM_STEPS):
        posterior = likelihood * prior
        posterior /= posterior.sum(1, keepdims=True)
        prior = posterior.mean(0)
    return np.asarray(value * (posterior * scales**2 / variances).sum(1))
