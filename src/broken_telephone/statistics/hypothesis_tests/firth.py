"""Logistic regression with Firth's penalty, which has finite coefficients where categories and outcomes separate.

The log-likelihood l is maximised together with half the logarithm of the determinant of the information,

    l* = l + 1/2 log |I|,    I = X' W X,    W = diag(pi (1 - pi)),

which takes away the first-order bias of the coefficients (Firth 1993, Biometrika 80) and keeps them finite where
those of the greatest likelihood are not (Heinze and Schemper 2002, Statistics in Medicine 21; proven by Kosmidis and
Firth 2021, Biometrika 108). Neither statsmodels nor scipy has it.
"""

from typing import NamedTuple

import numpy as np

STEPS, HALVINGS = 100, 40
FARTHEST = 5.0
"""The largest change of a coefficient in one step: the first steps of separated data go too far."""
CLOSE = 1e-16
"""Square of a step in standard errors, below which it is the last."""
DOUBLINGS = 60
"""Of the distance from the estimate in the search for an end; l* falls without bound, so that few are needed."""


class Fit(NamedTuple):
    """Coefficients (p,), their covariance (p, p), the penalised log-likelihood, and whether the steps converged."""

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    converged: bool


class Profile(NamedTuple):
    """Ends of a coefficient's 95 % interval, and the p-value of its being 0; null where steps did not converge."""

    low: float
    high: float
    p_value: float


class _Counted(NamedTuple):
    """Rows that are alike, counted: design (rows, p), how many there are, and how many have the outcome 1."""

    design: np.ndarray
    units: np.ndarray
    ones: np.ndarray


def fit(design: np.ndarray, outcomes: np.ndarray) -> Fit:
    """Maximise the penalised likelihood.

    Args:
        design: (n, p), with a column of ones if there is to be an intercept.
        outcomes: (n,), 0 or 1.

    Returns:
        The covariance is the inverse of the information, as in Heinze and Schemper (2002).

    Raises:
        ValueError: if the columns of the design depend on each other.
    """
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the columns of the design depend on each other")
    return _maximum(_counted(design, outcomes), np.zeros(design.shape[1]), np.ones(design.shape[1], bool))


def profile(design: np.ndarray, outcomes: np.ndarray, fitted: Fit, place: int) -> Profile:
    """Profile the penalised likelihood of one coefficient (Heinze and Schemper 2002).

    The interval holds all values that a penalised likelihood ratio test does not reject: twice the fall of l*, its
    maximum over the other coefficients, is less than the 95 % point of chi-square with one degree of freedom. The
    penalty is that of the whole model throughout.

    Args:
        design, outcomes: as for `fit`.
        fitted: what `fit` gave.
        place: of the coefficient.
    """
    from scipy.optimize import brentq
    from scipy.stats import chi2

    counted = _counted(design, outcomes)
    others = np.arange(design.shape[1]) != place
    estimate, error = float(fitted.coefficients[place]), float(np.sqrt(fitted.covariance[place, place]))
    bound = float(chi2.ppf(0.95, 1))

    def fall(value: float) -> float:
        begin = np.where(others, fitted.coefficients, value)
        there = _maximum(counted, begin, others)
        return 2 * (fitted.log_likelihood - there.log_likelihood) if there.converged else np.nan

    def end(side: int) -> float:
        inner, reach = estimate, error
        for _ in range(DOUBLINGS):
            outer = estimate + side * reach
            found = fall(outer)
            if np.isnan(found):
                break
            if found >= bound:
                try:
                    return float(brentq(lambda value: fall(value) - bound, inner, outer, xtol=1e-8 * error))
                except ValueError:  # A fall on the way is null.
                    break
            inner, reach = outer, 2 * reach
        return np.nan

    if not fitted.converged:
        return Profile(np.nan, np.nan, np.nan)
    return Profile(end(-1), end(1), float(chi2.sf(max(fall(0.0), 0.0), 1)))


def _counted(design: np.ndarray, outcomes: np.ndarray) -> _Counted:
    """Count rows that are alike: dummies have few kinds of rows, however many chains there are."""
    rows, owner = np.unique(np.asarray(design, float), axis=0, return_inverse=True)
    owner = owner.ravel()
    return _Counted(rows, np.bincount(owner).astype(float), np.bincount(owner, np.asarray(outcomes, float)))


class _At(NamedTuple):
    """What is known of l* at some coefficients: its value, the information, the score, and the curvature of l*."""

    value: float
    information: np.ndarray
    score: np.ndarray
    curvature: np.ndarray


def _maximum(counted: _Counted, begin: np.ndarray, free: np.ndarray) -> Fit:
    """Maximise l* over the free coefficients, bool (p,), by Newton steps, halved until l* does not fall."""
    beta, here = begin.copy(), _at(counted, begin)
    converged = False
    for _ in range(STEPS):
        if not np.isfinite(here.value):
            # So far out that all chances are 0 or 1 and nothing is known.
            return Fit(beta, np.full_like(here.information, np.nan), here.value, False)
        step = _step(here, free)
        converged = bool(step @ here.score < CLOSE)
        if converged:
            break
        step *= min(1.0, FARTHEST / np.abs(step).max())
        for _ in range(HALVINGS):
            there = _at(counted, beta + step)
            if there.value >= here.value - 1e-12 * abs(here.value):
                break
            step /= 2
        else:
            break
        beta, here = beta + step, there
    return Fit(beta, np.linalg.inv(here.information), here.value, converged)


def _step(here: _At, free: np.ndarray) -> np.ndarray:
    """Newton's step, (p,), 0 where not free.

    Where l* is not concave, curvatures count without their sign, so that it climbs (Nocedal and Wright 2006, 3.4).
    """
    curvatures, axes = np.linalg.eigh(here.curvature[np.ix_(free, free)])
    sizes = np.maximum(np.abs(curvatures), 1e-10 * np.abs(curvatures).max(initial=0.0))
    step = np.zeros(len(free))
    step[free] = axes @ ((axes.T @ here.score[free]) / sizes)
    return step


def _at(counted: _Counted, beta: np.ndarray) -> _At:
    """Return l* and its derivatives.

    The modified score is, with h the leverages (Firth 1993),

        X'(y - pi + h (1/2 - pi)) = X'(y + h/2 - (1 + h) pi),

    that of 1 + h trials with y + h/2 successes. The curvature is the information of these less what h changes by,
    1/2 X' D (diag(h) - Q) D X with D = diag(1 - 2 pi) and Q the squares of the hat matrix.
    """
    design, units, ones = counted
    linear = design @ beta
    from scipy.special import expit

    chance = expit(linear)
    # expit(-x) keeps its digits where 1 - expit(x) is 0.
    scatter = chance * expit(-linear)
    weights = units * scatter
    information = (design.T * weights) @ design
    sign, logarithm = np.linalg.slogdet(information)
    if sign <= 0:
        return _At(-np.inf, information, np.zeros(len(beta)), information)
    hat = np.sqrt(weights)[:, None] * (design @ np.linalg.solve(information, design.T)) * np.sqrt(weights)
    leverages = hat.diagonal()
    trials, successes = units + leverages, ones + leverages / 2
    likelihood = -(ones * np.logaddexp(0, -linear) + (units - ones) * np.logaddexp(0, linear)).sum()
    bent = (1 - 2 * chance)[:, None] * design
    return _At(
        float(likelihood + logarithm / 2),
        information,
        design.T @ (successes - trials * chance),
        (design.T * (trials * scatter)) @ design - bent.T @ (np.diag(leverages) - hat**2) @ bent / 2,
    )
