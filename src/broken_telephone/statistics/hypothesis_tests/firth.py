"""Logistic regression with Firth's penalty, whose coefficients remain finite under complete separation.

The penalised log-likelihood adds half the log determinant of the information matrix to the log-likelihood l:

    l* = l + 1/2 log |I|,    I = X' W X,    W = diag(pi (1 - pi)).

The penalty removes the first-order bias of the coefficients (Firth 1993, Biometrika 80). It also keeps them finite if
the outcomes are separated (Heinze and Schemper 2002, Statistics in Medicine 21; proof in Kosmidis and Firth 2021,
Biometrika 108). Neither statsmodels nor scipy provides this method.
"""

from typing import NamedTuple

import numpy as np

MAX_STEPS, MAX_HALVINGS = 100, 40
MAX_STEP_SIZE = 5.0
"""Largest change of a coefficient in one step. The first steps of separated data would otherwise go too far."""
TOLERANCE = 1e-16
"""Squared length of a step in standard errors at which the iteration stops."""
MAX_DOUBLINGS = 60
"""Doublings of the distance from the estimate in the search for a limit. l* decreases without bound, so few occur."""


class Fit(NamedTuple):
    """Coefficients (p,), their covariance (p, p), the penalised log-likelihood, and whether the fit converged."""

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    converged: bool


class Profile(NamedTuple):
    """The 95 % interval of a coefficient and the p-value of the value 0; null if the fit did not converge."""

    low: float
    high: float
    p_value: float


class _Counted(NamedTuple):
    """Distinct rows of the design (rows, p), the number of units and the number of outcomes 1 of each."""

    design: np.ndarray
    units: np.ndarray
    ones: np.ndarray


def fit(design: np.ndarray, outcomes: np.ndarray) -> Fit:
    """Fit by maximum penalised likelihood.

    Args:
        design: (n, p), with a column of ones for an intercept.
        outcomes: (n,), 0 or 1.

    Returns:
        The fit. Its covariance is the inverse information matrix, as in Heinze and Schemper (2002).

    Raises:
        ValueError: if the columns of the design are linearly dependent.
    """
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the columns of the design depend on each other")
    return _maximise(_counted(design, outcomes), np.zeros(design.shape[1]), np.ones(design.shape[1], bool))


def profile(design: np.ndarray, outcomes: np.ndarray, fitted: Fit, index: int) -> Profile:
    """Compute the profile likelihood interval and test of one coefficient (Heinze and Schemper 2002).

    The interval contains all values that a penalised likelihood ratio test does not reject. The statistic is twice the
    decrease of l*, maximised over the other coefficients, and has one degree of freedom. The penalty is always that of
    the whole model.

    Args:
        design, outcomes: see `fit`.
        fitted: the result of `fit`.
        index: of the coefficient.
    """
    from scipy.optimize import brentq
    from scipy.stats import chi2

    counted = _counted(design, outcomes)
    others = np.arange(design.shape[1]) != index
    estimate, error = float(fitted.coefficients[index]), float(np.sqrt(fitted.covariance[index, index]))
    critical = float(chi2.ppf(0.95, 1))

    def statistic(value: float) -> float:
        restricted = _maximise(counted, np.where(others, fitted.coefficients, value), others)
        return 2 * (fitted.log_likelihood - restricted.log_likelihood) if restricted.converged else np.nan

    def limit(side: int) -> float:
        inner, distance = estimate, error
        for _ in range(MAX_DOUBLINGS):
            outer = estimate + side * distance
            at_outer = statistic(outer)
            if np.isnan(at_outer):
                break
            if at_outer >= critical:
                try:
                    return float(brentq(lambda value: statistic(value) - critical, inner, outer, xtol=1e-8 * error))
                except ValueError:  # The statistic is null between the two.
                    break
            inner, distance = outer, 2 * distance
        return np.nan

    if not fitted.converged:
        return Profile(np.nan, np.nan, np.nan)
    return Profile(limit(-1), limit(1), float(chi2.sf(max(statistic(0.0), 0.0), 1)))


def _counted(design: np.ndarray, outcomes: np.ndarray) -> _Counted:
    """Count equal rows of the design. Dummy variables have few distinct rows, however many chains there are."""
    rows, owner = np.unique(np.asarray(design, float), axis=0, return_inverse=True)
    owner = owner.ravel()
    return _Counted(rows, np.bincount(owner).astype(float), np.bincount(owner, np.asarray(outcomes, float)))


class _Derivatives(NamedTuple):
    """The value of l* at some coefficients, the information matrix, the modified score, and the curvature of l*."""

    value: float
    information: np.ndarray
    score: np.ndarray
    curvature: np.ndarray


def _maximise(counted: _Counted, begin: np.ndarray, free: np.ndarray) -> Fit:
    """Maximise l* over the free coefficients, bool (p,), by Newton steps that are halved until l* does not decrease."""
    beta, current = begin.copy(), _derivatives(counted, begin)
    converged = False
    for _ in range(MAX_STEPS):
        if not np.isfinite(current.value):
            # All probabilities are 0 or 1 here, and the information matrix is singular.
            return Fit(beta, np.full_like(current.information, np.nan), current.value, False)
        step = _newton_step(current, free)
        converged = bool(step @ current.score < TOLERANCE)
        if converged:
            break
        step *= min(1.0, MAX_STEP_SIZE / np.abs(step).max())
        for _ in range(MAX_HALVINGS):
            proposed = _derivatives(counted, beta + step)
            if proposed.value >= current.value - 1e-12 * abs(current.value):
                break
            step /= 2
        else:
            break
        beta, current = beta + step, proposed
    return Fit(beta, np.linalg.inv(current.information), current.value, converged)


def _newton_step(current: _Derivatives, free: np.ndarray) -> np.ndarray:
    """Return Newton's step, (p,), which is 0 for fixed coefficients.

    Where l* is not concave, the absolute curvatures make the step ascend (Nocedal and Wright 2006, 3.4).
    """
    curvatures, axes = np.linalg.eigh(current.curvature[np.ix_(free, free)])
    sizes = np.maximum(np.abs(curvatures), 1e-10 * np.abs(curvatures).max(initial=0.0))
    step = np.zeros(len(free))
    step[free] = axes @ ((axes.T @ current.score[free]) / sizes)
    return step


def _derivatives(counted: _Counted, beta: np.ndarray) -> _Derivatives:
    """Compute l* and its derivatives.

    With h the leverages, the modified score (Firth 1993) is

        X'(y - pi + h (1/2 - pi)) = X'(y + h/2 - (1 + h) pi),

    which is the score of 1 + h trials with y + h/2 successes. The curvature is the information of these trials minus
    the change of h, 1/2 X' D (diag(h) - Q) D X. There D = diag(1 - 2 pi), and Q holds the squares of the hat matrix.
    """
    from scipy.special import expit

    design, units, ones = counted
    log_odds = design @ beta
    probability = expit(log_odds)
    # expit(-x) is precise where 1 - expit(x) is rounded to 0.
    variance = probability * expit(-log_odds)
    weights = units * variance
    information = (design.T * weights) @ design
    sign, log_determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return _Derivatives(-np.inf, information, np.zeros(len(beta)), information)
    hat = np.sqrt(weights)[:, None] * (design @ np.linalg.solve(information, design.T)) * np.sqrt(weights)
    leverages = hat.diagonal()
    trials, successes = units + leverages, ones + leverages / 2
    likelihood = -(ones * np.logaddexp(0, -log_odds) + (units - ones) * np.logaddexp(0, log_odds)).sum()
    slopes = (1 - 2 * probability)[:, None] * design
    return _Derivatives(
        float(likelihood + log_determinant / 2),
        information,
        design.T @ (successes - trials * probability),
        (design.T * (trials * variance)) @ design - slopes.T @ (np.diag(leverages) - hat**2) @ slopes / 2,
    )
