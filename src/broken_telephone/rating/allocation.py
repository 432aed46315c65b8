"""Allocates ratings to strata so that the corrected drift has the narrowest interval (Neyman allocation)."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np

LEAST = 2
"""Number of ratings of every stratum with so many pictures."""


def neyman_allocation(
    sizes: Sequence[int] | np.ndarray,
    deviations: Sequence[float] | np.ndarray,
    total: int,
    least: Sequence[int] | np.ndarray | int = LEAST,
    scales: Sequence[float] | np.ndarray | float = 1.0,
) -> np.ndarray:
    """Divide a number of ratings among strata so that the variance of the corrected value is smallest.

    The variance is the sum of (size x deviation / scale)^2 / ratings, so that the best number of ratings is
    proportional to size x deviation / scale (Neyman 1934, Journal of the Royal Statistical Society 97). Whole numbers
    are found one rating at a time, each where it lowers the variance most, which is exact (Wright 2012, The American
    Statistician 66). A larger total therefore never takes a rating from a stratum.

    Args:
        sizes: (H,), pictures in each stratum.
        deviations: (H,), standard deviation of rating minus answer in each stratum.
        total: number of ratings.
        least: (H,) or a number, ratings that each stratum gets first, in the order of size x deviation.
        scales: (H,) or a number, divisors of the sizes: the pictures of the mean to which a stratum belongs.

    Returns:
        int (H,), at most the sizes; their sum is the total, or less if there are fewer pictures.
    """
    sizes = np.asarray(sizes, dtype=int)
    weights = sizes * np.asarray(deviations, dtype=float) / np.asarray(scales, dtype=float)
    floor = np.minimum(np.broadcast_to(least, sizes.shape), sizes)
    allocation = np.zeros(len(sizes), dtype=int)
    rest = total
    for stratum in np.argsort(-weights, kind="stable"):
        allocation[stratum] = min(floor[stratum], rest)
        rest -= allocation[stratum]

    def priority(stratum: int) -> float:
        # The decrease of the variance by one further rating is the square of this.
        n = int(allocation[stratum])
        return -float(weights[stratum]) / np.sqrt(n * (n + 1)) if n else -np.inf

    queue = [(priority(k), k) for k in range(len(sizes)) if allocation[k] < sizes[k]]
    heapify(queue)
    while rest and queue:
        _, stratum = heappop(queue)
        allocation[stratum] += 1
        rest -= 1
        if allocation[stratum] < sizes[stratum]:
            heappush(queue, (priority(stratum), stratum))
    return allocation


def error_deviations(prior: np.ndarray, errors: np.ndarray, ratings: np.ndarray, prior_ratings: float) -> np.ndarray:
    """Estimate the standard deviation of rating minus answer in each stratum.

    Its square is the mean number of wrong answers of a picture, over all attributes, because an error adds 1 to one
    category and takes 1 from another. The estimate is the mean of observed and expected errors, where the expectation
    counts as a number of ratings.

    Args:
        prior: (H,), expected number of wrong answers of a picture.
        errors: (H,), number of wrong answers in the rated pictures.
        ratings: (H,), number of rated pictures.
        prior_ratings: number of ratings that the expectation counts for.

    Returns:
        (H,), above 0 if the prior is.
    """
    return np.asarray(np.sqrt((prior * prior_ratings + errors) / (prior_ratings + ratings)))
