"""Number of human ratings that a corrected change needs for a wished precision."""

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE
from broken_telephone.statistics.estimates.corrected_change import PSEUDO_RATINGS


def corrected_half_width(
    ratings: int | np.ndarray, starts: int, share: float, share_changing: float, error: float
) -> np.ndarray:
    """Compute the expected half-width of the interval of a corrected change (see `corrected_change`).

    With m ratings at each of the two iterations and n starts, the variance of the prediction-powered estimate is

        changing / n + 2 error / m (1 - m / n)             with the annotator's answers (tuning 1)
        changing / n + 2 share (1 - share) / m (1 - m / n)  with the ratings alone (tuning 0)

    plus that of the pseudo-ratings. The tuning makes it at most the smaller of the two.

    Args:
        ratings: m, rated pictures at each of the two iterations, 2 to n; a number or an array.
        starts: n, number of independent starts.
        share: share of the category, 0 to 1.
        share_changing: share of starts that enter or leave the category, 0 to 1.
        error: share of pictures whose category, yes or no, the annotator gets wrong, 0 to 1.

    Returns:
        Half-widths as differences of shares, of the shape of `ratings`.
    """
    from scipy.special import stdtrit

    m = np.asarray(ratings, dtype=float)
    unrated = np.maximum(1 - m / starts, 0)
    rectifier = min(error, share * (1 - share)) / m + PSEUDO_RATINGS / 4 / m**2
    variance = share_changing / starts + 2 * rectifier * unrated
    return np.asarray(stdtrit(np.maximum(m - 1, 1), (1 + CONFIDENCE) / 2) * np.sqrt(variance))


def ratings_needed(half_width: float, starts: int, share: float, share_changing: float, error: float) -> int | None:
    """Find the smallest number of ratings at each of the two iterations for a wished half-width.

    Args:
        half_width: as a difference of shares, above 0.
        starts, share, share_changing, error: see `corrected_half_width`.

    Returns:
        2 to `starts`; None if even a rating of every picture is not enough, so that more starts are needed.
    """
    if starts < 2:
        return None
    candidates = np.arange(2, starts + 1)
    enough = corrected_half_width(candidates, starts, share, share_changing, error) <= half_width
    return int(candidates[enough.argmax()]) if enough.any() else None
