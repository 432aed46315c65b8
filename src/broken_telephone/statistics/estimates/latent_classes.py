"""Latent class estimate: shares and confusion matrices from the answers of several annotators, without the truth.

The estimator is that of Dawid and Skene (1979, Applied Statistics 28), with own shares for each cell (label and
iteration) and one confusion matrix of each annotator for all cells. It is written here because crowd-kit, the library
that is kept, has one set of shares for all pictures and no weights for a cluster bootstrap, and needs nltk.
"""

from typing import NamedTuple

import numpy as np

_TOLERANCE = 1e-6
_MOST_STEPS = 2000
_PSEUDO = 0.01
"""Answers that are added to each cell of a confusion matrix, so that no probability is 0."""


class LatentClasses(NamedTuple):
    """The estimate."""

    shares: np.ndarray
    """(cells, C), shares of the latent classes; null for a cell without pictures."""
    confusions: np.ndarray
    """(A, C, C), probability of each answer (last axis) given the class."""
    converged: bool


def answer_patterns(cells: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the different pairs of cell and answers, and the pattern of each picture.

    Args:
        cells: int (n,).
        answers: int (n, A), categories or -1.

    Returns:
        Cells (P,), answers (P, A), and pattern of each picture (n,).
    """
    rows, pattern = np.unique(np.column_stack([cells, answers]), axis=0, return_inverse=True)
    return rows[:, 0], rows[:, 1:], pattern.ravel()


def latent_classes(
    cells: np.ndarray, answers: np.ndarray, counts: np.ndarray, size: int, start: np.ndarray | None = None
) -> LatentClasses:
    """Estimate shares and confusion matrices by expectation maximisation.

    Given the class, the answers of the annotators are assumed independent. The first classes are those of the
    majority, so that a class is named by the answers that most annotators give to it.

    Args:
        cells: int (P,), the cell of each pattern.
        answers: int (P, A), its answers, or -1 without one.
        counts: (P,), number of pictures with this pattern; may be fractions or 0.
        size: number of categories C.
        start: (A, C, C), confusion matrices to begin with; None for those of the majority.
    """
    n_cells, n_annotators = int(cells.max(initial=-1)) + 1, answers.shape[1]
    one_hot = np.eye(size + 1)[:, :size]
    given = one_hot[answers]  # (P, A, C); zero without an answer
    votes = given.sum(1)
    posterior = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    in_cell = np.eye(n_cells)[:, cells]
    totals = in_cell @ counts
    confusions, shares, loss = start, np.full((n_cells, size), 1 / size), -np.inf
    for step in range(_MOST_STEPS):
        weighted = counts[:, None] * posterior
        if step or confusions is None:
            confusions = np.einsum("pc,pak->ack", weighted, given) + _PSEUDO
            confusions /= confusions.sum(2, keepdims=True)
            shares = (in_cell @ weighted + _PSEUDO) / (totals[:, None] + size * _PSEUDO)
        joint = np.log(shares)[cells]
        for annotator in range(n_annotators):
            joint = joint + given[:, annotator] @ np.log(confusions[annotator]).T
        highest = joint.max(1, keepdims=True)
        likelihood = np.exp(joint - highest)
        sums = likelihood.sum(1, keepdims=True)
        posterior = likelihood / sums
        before, loss = loss, float(counts @ (np.log(sums) + highest)[:, 0])
        if step and abs(loss - before) < _TOLERANCE * max(counts.sum(), 1):
            break
    assert confusions is not None
    known = np.where(totals[:, None] > 0, shares, np.nan)
    return LatentClasses(known, confusions, step < _MOST_STEPS - 1)
