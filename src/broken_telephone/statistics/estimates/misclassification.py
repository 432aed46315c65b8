"""Correction of shares for misclassification, by the annotator's confusion matrix with the data set's labels.

The data set labels the originals only. The correction assumes that the annotator's error rates are the same for
generated pictures.
"""

from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import Resampling, distinct_rows
from broken_telephone.statistics.estimates.clusters import cluster_counts
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Panel

MIN_LABELLED = 30
"""Labelled originals of each category from which a label has a confusion matrix of its own."""
PSEUDO_STARTS = 2
"""Pseudo-starts with errors and pseudo-starts with answers that the bootstrap adds. Without them, intervals are too
short for samples that lack a kind of error or answer."""
_BLOCK = 500


def project_to_simplex(points: np.ndarray) -> np.ndarray:
    """Return the shares (..., C), at least 0 and with the sum 1, that are closest to points (..., C).

    This is the Euclidean projection of Held, Wolfe and Crowder (1974, Mathematical Programming 6).
    """
    size = points.shape[-1]
    descending = -np.sort(-points, -1)
    excess = descending.cumsum(-1) - 1
    kept = (descending * np.arange(1, size + 1) > excess).sum(-1, keepdims=True)
    return np.asarray(np.maximum(points - np.take_along_axis(excess, kept - 1, -1) / kept, 0))


def invert_confusion(matrices: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Estimate the true shares from observed shares and a confusion matrix.

    Observed shares are q = M' p, where M holds the probability of each answer given the truth. The equation is solved
    for p. For two categories this is the estimator of Rogan and Gladen (1978, American Journal of Epidemiology 107),
    for several the matrix method of Barron (1977, Biometrics 33). `project_to_simplex` makes shares of the solution.

    Args:
        matrices: (..., C, C), pictures by truth (rows) and answer (columns); no row is empty.
        observed: (..., C), pictures by answer; at least one.

    Returns:
        (..., C), at least 0, with the sum 1.

    Raises:
        numpy.linalg.LinAlgError: if a confusion matrix is singular.
    """
    probabilities = matrices / matrices.sum(-1, keepdims=True)
    shares = observed / observed.sum(-1, keepdims=True)
    return project_to_simplex(np.linalg.solve(np.swapaxes(probabilities, -1, -2), shares[..., None])[..., 0])


class Confusion(NamedTuple):
    """Originals with a category from both data set and annotator. S of the C categories occur in the data set."""

    stated: np.ndarray
    """bool (C,), categories that occur in the data set."""
    strays: np.ndarray
    """bool (C,), categories that only the annotator uses."""
    index_of: np.ndarray
    """(C + 1,): category -> index among the stated ones, or ABSENT; the last entry is for ABSENT."""
    cells: np.ndarray
    """(n,): cell of each chain in the flattened confusion matrix, or ABSENT."""
    matrix: np.ndarray
    """(S, S), originals by truth (rows) and answer (columns)."""
    n: int
    clusters: int


def confusion_of(panel: Panel, label: str) -> tuple[Confusion, str]:
    """Return the confusion matrix of a label, or of all labels if it has fewer than MIN_LABELLED, and a note on it."""
    whole = _confusion(panel, np.ones(len(panel.labels), bool))
    if label == ALL or not whole.n:
        return whole, ""
    own = _confusion(panel, panel.labels == label)
    if (own.stated == whole.stated).all() and own.matrix.sum(1).min() >= MIN_LABELLED:
        return own, ""
    return whole, "by the confusion of all labels"


def _confusion(panel: Panel, chosen: np.ndarray) -> Confusion:
    truth, answer, size = panel.stated, panel.codes[:, 0], len(panel.categories)
    both = chosen & (panel.starts == "image") & (truth != ABSENT) & (answer != ABSENT)
    stated = np.bincount(truth[both], minlength=size) > 0
    strays = ~stated & (np.bincount(answer[both], minlength=size) > 0)
    index = np.append(np.where(stated, stated.cumsum() - 1, ABSENT), ABSENT)
    size = int(stated.sum())
    cells = np.where(both & (index[answer] != ABSENT), index[truth] * size + index[answer], ABSENT)
    matrix = np.bincount(cells[cells != ABSENT], minlength=size * size).reshape(size, size)
    return Confusion(stated, strays, index, cells, matrix, int(both.sum()), len(np.unique(panel.clusters[both])))


def bootstrap_confusion(
    confusion: Confusion, panel: Panel, chosen: np.ndarray, answers: np.ndarray | None, resampling: Resampling
) -> np.ndarray:
    """Draw confusion matrices and observed answers of the same samples by a Bayesian bootstrap over starts.

    Each start has an exponential weight (Rubin 1981, Annals of Statistics 9). Starts with equal contents share one
    gamma weight, which is the sum of theirs. Unlike with resampled starts, no row of a confusion matrix is ever empty.
    In a simulation 92 to 97 % of the intervals covered the truth from 50 starts on, and 89 to 100 % at 12 starts.

    The confusion and the answers of a start have the same weight, which accounts for their dependence. Chains of other
    labels contribute to the confusion matrix only.

    Args:
        confusion: of the panel.
        panel: all chains.
        chosen: bool (n,), the chains that contribute.
        answers: (n,), observed categories or ABSENT; None if the chains contribute to the confusion matrix only.
        resampling: of the weights.

    Returns:
        (n_bootstrap, S * S + S), the flattened confusion matrix, then the observed answers.
    """
    size = len(confusion.matrix)
    cells = np.where(chosen, confusion.cells, ABSENT)
    observed = confusion.index_of[answers] if answers is not None else np.full(len(cells), ABSENT)
    used = (cells != ABSENT) | (observed != ABSENT)
    counted = ((cells, size * size), (observed, size))
    tables = np.hstack([cluster_counts(codes[used], panel.clusters[used], width) for codes, width in counted])
    patterns, counts = distinct_rows(tables)
    samples = np.zeros((resampling.n_bootstrap, tables.shape[1]))
    # Chains of other labels have a random stream of their own.
    rng = np.random.default_rng([resampling.seed, int(answers is None)])
    for k in range(0, len(counts), _BLOCK):
        shapes = counts[k : k + _BLOCK]
        samples += rng.standard_gamma(shapes, size=(resampling.n_bootstrap, len(shapes))) @ patterns[k : k + _BLOCK]
    return samples


def bootstrap_pseudo_starts(confusion: Confusion, chains_per_start: float, resampling: Resampling) -> np.ndarray:
    """Draw the contribution of PSEUDO_STARTS starts of average weight to the samples of `bootstrap_confusion`.

    Their errors spread evenly over all pairs of categories, and their answers over all categories.
    """
    size = len(confusion.matrix)
    errors = (1 - np.eye(size)) * PSEUDO_STARTS / (size * (size - 1))
    shapes = np.append(errors, np.full(size, PSEUDO_STARTS / size))
    weights = np.append(np.full(size * size, confusion.n / confusion.clusters), np.full(size, chains_per_start))
    rng = np.random.default_rng([resampling.seed, 2])
    return np.asarray(rng.standard_gamma(shapes, size=(resampling.n_bootstrap, len(shapes))) * weights)
