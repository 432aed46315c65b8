"""Logistic regression with Firth's penalty, whose coefficients remain finite under complete separation.

The penalised log-likelihood adds half the log determinant of the information matrix to the log-likelihood l:

    l* = l + 1/2 log |I|,    I = X' W X,    W = diag(pi (1 - pi)).

The penalty removes the first-order bias of the coefficients (Firth 1993, Biometrika 80). It also keeps them finite if
the outcomes are separated (Heinze and Schemper 2002, Statistics in Medicine 21; proof in Kosmidis and Firth 2021,
Biometrika 108). The computation is that of `firthmodels` (MIT licence).
"""

import warnings
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE

MAX_STEPS, TOLERANCE = 500, 1e-6
"""Newton steps, and the largest step and gradient at their end. The library's default of 1e-4 is too coarse."""


class Penalised(NamedTuple):
    """A coefficient, its 95 % profile interval, and the p-value of the value 0. Null where steps did not converge."""

    value: float
    low: float
    high: float
    p_value: float


def penalised_coefficients(design: np.ndarray, outcomes: np.ndarray, columns: list[int]) -> list[Penalised]:
    """Fit by maximum penalised likelihood, with profile likelihood intervals and tests (Heinze and Schemper 2002).

    The interval contains all values that a penalised likelihood ratio test does not reject. The penalty is always that
    of the whole model.

    Args:
        design: (n, p), with a column of ones for an intercept.
        outcomes: (n,), 0 or 1.
        columns: of the coefficients to return, 0 to p - 1.

    Raises:
        ValueError: if the columns of the design are linearly dependent, or if all outcomes are equal.
    """
    from firthmodels import FirthLogisticRegression

    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the columns of the design depend on each other")
    # Dummy variables have few distinct rows, however many pictures there are.
    rows, counts = np.unique(np.column_stack([design, outcomes]), axis=0, return_counts=True)
    model = FirthLogisticRegression(
        backend="numpy", fit_intercept=False, max_iter=MAX_STEPS, gtol=TOLERANCE, xtol=TOLERANCE
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Failures show as nulls.
        model.fit(rows[:, :-1], rows[:, -1], sample_weight=counts.astype(float))
        if not model.converged_:
            return [Penalised(np.nan, np.nan, np.nan, np.nan)] * len(columns)
        model.lrt(features=columns)
        ends = model.conf_int(alpha=1 - CONFIDENCE, method="pl", features=columns, max_iter=MAX_STEPS, tol=TOLERANCE)
    values, p_values = np.ravel(model.coef_)[columns], np.ravel(model.lrt_pvalues_)[columns]
    return [
        Penalised(*map(float, numbers)) for numbers in zip(values, *np.asarray(ends)[columns].T, p_values, strict=True)
    ]
