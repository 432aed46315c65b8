"""Diversity of embedding vectors: mean distances, effective number, and how recognisable the start remains."""

from collections.abc import Mapping

import numpy as np

from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.jackknife import Jackknife, jackknifed_ratio, ratios

MOST_STARTS = 1000
"""Starts that are compared with each other at most, when the start of a chain is searched for."""
_TINY = 1e-10


def unit_vectors(values: np.ndarray) -> np.ndarray:
    """Return vectors (n, d) of length one, float32. Stored vectors have half precision, too coarse for sums."""
    vectors = values.astype(np.float32)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def distance_between_starts(vectors: np.ndarray, owner: np.ndarray, clusters: int) -> Jackknife:
    """Return the mean cosine distance of pairs of chains from different starts, 0 to 2.

    The sum over all pairs follows from the sums of vectors: |sum of all|^2 less those of each start. This takes O(n).

    Args:
        vectors: float (n, d), of length one.
        owner: int (n,), the start of each chain, 0 to clusters - 1.
        clusters: number of starts of the group, with those that have no vector.
    """
    sums, sizes = _sums(vectors, owner, clusters)
    whole, n = sums.sum(0), sizes.sum()
    own = (sums**2).sum(1)
    products, pairs = float(whole @ whole - own.sum()), float(n**2 - (sizes**2).sum())
    less_products, less_pairs = 2 * (sums @ whole - own), 2 * sizes * (n - sizes)
    without = 1 - ratios(products - less_products, pairs - less_pairs)
    return Jackknife(float(1 - ratios(products, pairs)), without, len(vectors), int((sizes > 0).sum()))


def distance_within_starts(vectors: np.ndarray, owner: np.ndarray, clusters: int) -> Jackknife:
    """Return the mean cosine distance of pairs of chains of the same start, 0 to 2; null without replicates.

    See `distance_between_starts` for the arguments. Starts with more chains have more pairs.
    """
    sums, sizes = _sums(vectors, owner, clusters)
    pairs = sizes * (sizes - 1)
    # Equal vectors differ by rounding.
    distances = np.maximum(pairs - ((sums**2).sum(1) - sizes), 0)
    ratio = jackknifed_ratio(np.where(pairs > 0, distances, 0.0), pairs)
    return ratio._replace(n=int(sizes[pairs > 0].sum()))


def effective_number(vectors: np.ndarray, owner: np.ndarray, clusters: int) -> Jackknife:
    """Return the Vendi score, the effective number of different items, 1 to n (Friedman and Dieng 2023, TMLR).

    The score is exp of the entropy of the eigenvalues of K / n, where K holds the cosines of all pairs. The covariance
    V'V / n has the same eigenvalues, and is smaller if n exceeds the length of the vectors. The value without a start
    is the first-order change of the entropy: the influence of a vector v is -v' log(V'V / n) v less the entropy.

    See `distance_between_starts` for the arguments.
    """
    n = len(vectors)
    if not n:
        return Jackknife(np.nan, np.full(clusters, np.nan), 0, 0)
    precise = vectors.astype(np.float64)
    if n > precise.shape[1]:
        values, axes = np.linalg.eigh(precise.T @ precise / n)
        kept = values > _TINY
        squares = (precise @ axes[:, kept]) ** 2
    else:
        values, axes = np.linalg.eigh(precise @ precise.T / n)
        kept = values > _TINY
        # The squared coordinates of each vector on the axes of the covariance.
        squares = axes[:, kept] ** 2 * values[kept] * n
    logs = np.log(values[kept])
    entropy = float(-(values[kept] * logs).sum())
    influence = -squares @ logs - entropy
    sums, sizes = _sums(influence[:, None], owner, clusters)
    without = entropy - ratios(sums[:, 0], n - sizes)
    return Jackknife(float(np.exp(entropy)), np.exp(without), n, int((sizes > 0).sum()))


def recognition(
    vectors: np.ndarray, owner: np.ndarray, originals: Mapping[int, np.ndarray], clusters: int, seed: int
) -> tuple[Jackknife, Jackknife]:
    """Measure whether the original of a chain can still be found among those of other starts.

    Args:
        vectors: float (n, d), of one image of each chain.
        owner: int (n,), its start, 0 to clusters - 1.
        originals: start -> vector (d,) of its original.
        clusters: number of starts of the group.
        seed: of the MOST_STARTS starts that are compared, if there are more.

    Returns:
        First, the probability that an image is more similar to its own original than to that of another start (ties
        count half): 1 is certain, 0.5 is chance. Second, the share of images that are more similar to their own
        original than to all others.
    """
    present = np.array(sorted(set(owner.tolist()) & set(originals)), np.int64)
    if len(present) > MOST_STARTS:
        present = np.sort(np.random.default_rng(seed).choice(present, MOST_STARTS, replace=False))
    nothing = Jackknife(np.nan, np.full(clusters, np.nan), 0, len(present))
    if len(present) < 2:
        return nothing, nothing
    used = np.isin(owner, present)
    rows = np.searchsorted(present, owner[used])
    cosines = vectors[used] @ np.stack([originals[start] for start in present]).T
    own = cosines[np.arange(len(rows)), rows][:, None]
    # Images that are alike, such as copies of one original, differ by rounding.
    wins = np.where(np.abs(own - cosines) < 1e-5, 0.5, own > cosines)
    wins[np.arange(len(rows)), rows] = 0
    by_start, sizes = cluster_sums(wins, rows), np.bincount(rows, minlength=len(present)).astype(float)
    total, pairs = by_start.sum(), sizes.sum() * (len(present) - 1)
    less = by_start.sum(1) + by_start.sum(0)
    fewer = sizes * (len(present) - 1) + sizes.sum() - sizes
    without = ratios(total - less, pairs - fewer)
    value = float(total / pairs)
    ranked_first = (wins.sum(1) > len(present) - 1.25).astype(float)
    first = jackknifed_ratio(np.bincount(rows, ranked_first, len(present)), sizes)
    n = int(used.sum())
    return (
        Jackknife(value, _of_all(without, value, present, clusters), n, len(present)),
        Jackknife(first.value, _of_all(first.without, first.value, present, clusters), n, len(present)),
    )


def _of_all(without: np.ndarray, value: float, present: np.ndarray, clusters: int) -> np.ndarray:
    arranged = np.full(clusters, value)
    arranged[present] = without
    return arranged


def _sums(values: np.ndarray, owner: np.ndarray, clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum the rows of each start, float64 (clusters, d), and count them, (clusters,)."""
    sums = np.zeros((clusters, values.shape[1]))
    if len(owner):
        # Sums of sorted rows are much faster than `numpy.add.at`.
        order = np.argsort(owner, kind="stable")
        present, begin = np.unique(owner[order], return_index=True)
        sums[present] = np.add.reduceat(values[order], begin, axis=0, dtype=np.float64)
    return sums, np.bincount(owner, minlength=clusters).astype(float)
