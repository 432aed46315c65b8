"""Motifs: groups of images that are more similar to each other than images of different starts were at first."""

from typing import NamedTuple

import numpy as np

NO_MOTIF = -1
"""The code of an image that is in no group."""
SIMILAR = 0.05
"""Share of pairs of different starts, among the first drawn images, whose distance counts as similar."""
SMALLEST = 3
"""Chains from which a group is a motif, or one in a hundred if that is more."""
EXEMPLARS = 3
"""Chains that stand for a motif."""


class Motifs(NamedTuple):
    """The motifs of n images, the largest first."""

    codes: np.ndarray
    """int (n,), motif of each image, or NO_MOTIF."""
    exemplars: list[np.ndarray]
    """For each motif, the images closest to its mean, at most EXEMPLARS of them."""
    threshold: float
    """The largest mean cosine distance at which groups are joined."""


def similar_distance(vectors: np.ndarray, owner: np.ndarray) -> float:
    """Return the cosine distance below which SIMILAR of all pairs of different starts are; null without such pairs.

    Args:
        vectors: float (n, d), of length one.
        owner: (n,), the start of each image.
    """
    left, right = np.triu_indices(len(vectors), 1)
    other = owner[left] != owner[right]
    distances = 1 - (vectors @ vectors.T)[left[other], right[other]]
    return float(np.quantile(distances, SIMILAR)) if len(distances) else np.nan


def find_motifs(vectors: np.ndarray, threshold: float) -> Motifs:
    """Group images by average linkage of cosine distances (Sokal and Michener 1958), up to a mean distance.

    Density-based clustering (HDBSCAN) was tried. In the many dimensions of embeddings it misses a single motif among
    scattered images.

    Args:
        vectors: float (n, d), of length one; time and memory grow with the square of n.
        threshold: see `similar_distance`.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    n = len(vectors)
    if n < 2:
        return Motifs(np.full(n, NO_MOTIF), [], threshold)
    left, right = np.triu_indices(n, 1)
    distances = np.maximum(1 - (vectors @ vectors.T)[left, right], 0).astype(np.float64)
    groups = fcluster(linkage(distances, "average"), threshold, "distance")
    names, sizes = np.unique(groups, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    kept = [names[k] for k in order if sizes[k] >= max(SMALLEST, n / 100)]
    codes, exemplars = np.full(n, NO_MOTIF), []
    for code, name in enumerate(kept):
        members = np.flatnonzero(groups == name)
        codes[members] = code
        closeness = vectors[members] @ vectors[members].mean(0)
        exemplars.append(members[np.argsort(-closeness, kind="stable")[:EXEMPLARS]])
    return Motifs(codes, exemplars, threshold)
