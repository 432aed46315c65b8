"""Agreement between annotators: Krippendorff's alpha, Cohen's kappa and confusion matrices.

Alpha is computed here because the package `krippendorff` is licensed under the GPL-3. The tests compare with it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, MIN_CLUSTERS, Estimate, bootstrap_interval
from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.distances import kappa
from broken_telephone.statistics.estimates.paired_counts import count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT

Level = Literal["nominal", "ordinal"]
_CACHED_ITEMS = 256
"""Largest number of items whose bootstrap draws are cached, at 5 MB each for ten thousand samples."""
_BLOCK = 2**22
"""Number of items that are drawn at once, which limits the memory."""
_DIGITS = 9
"""Decimals in which equal items agree; sums of ratings are rounded."""


def encode_ratings(ratings: pd.DataFrame, categories: Sequence[str]) -> np.ndarray:
    """Replace ratings by the index of their category, or ABSENT where null: int (items, raters).

    Raises:
        ValueError: if a rating is not among the categories.
    """
    codes = pd.Index(list(categories)).get_indexer(ratings.to_numpy(dtype=object).ravel()).reshape(ratings.shape)
    given = ratings.notna().to_numpy(dtype=bool)
    if (unknown := given & (codes < 0)).any():
        names = sorted({str(value) for value in ratings.to_numpy(dtype=object)[unknown]})
        raise ValueError(f"{', '.join(names)} is no category ({', '.join(categories)})")
    return np.where(given, codes, ABSENT)


def count_ratings(codes: np.ndarray, size: int) -> np.ndarray:
    """Count the raters that gave each of `size` categories: float64 (items, C) from codes (items, raters)."""
    return np.stack([(codes == code).sum(axis=1) for code in range(size)], axis=1).astype(float)


def krippendorff_alpha(
    counts: np.ndarray,
    level: Level = "nominal",
    clusters: np.ndarray | None = None,
    n_bootstrap: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Compute Krippendorff's alpha with a 95 % percentile bootstrap interval over items or clusters of items.

    alpha = 1 - observed / expected disagreement, from the coincidence matrix (Krippendorff 2019, Content Analysis, 4th
    edition, chapter 12). The bootstrap draws items with all their ratings; the raters are fixed. With few
    disagreements, bootstrap samples contain too few to show how many remained unseen. The samples for the lower limit
    therefore include one pseudo-item with a disagreement of the expected size. If d of n items disagree, these samples
    hold about as many disagreements as the upper limit of Clopper and Pearson (1934) allows. The pseudo-item hardly
    matters for many items, and one more disagreement never raises the lower limit.

    Args:
        counts: (items, C), number of raters that gave each category, see `count_ratings`.
        level: distance of two categories, either nominal or by their ranks (ordinal).
        clusters: (items,), equal for dependent items such as pictures of a chain. Items are independent by default.
        n_bootstrap: number of bootstrap samples; 0 for no interval.
        seed: of the bootstrap.

    Returns:
        At most 1. The value is null if fewer than two items have two ratings, or if these have only one category. The
        interval is null if these items belong to a single cluster.
    """
    matrices = _coincidences(counts)
    if len(matrices) < 2:
        return Estimate()
    total = matrices.sum(0)
    value = float(_alpha(_sufficient_statistics(total[None], level), level)[0])
    pseudo_item = _expected_disagreement(total)[None]
    if clusters is not None:
        matrices = cluster_sums(matrices, clusters[counts.sum(axis=1) >= 2])
    if len(matrices) < 2 or not n_bootstrap:
        return Estimate(value)
    high = _bootstrap_alpha(matrices, level, n_bootstrap, seed)
    low = _bootstrap_alpha(np.concatenate([matrices, pseudo_item]), level, n_bootstrap, seed)
    if np.isnan(value) or not len(high):
        return Estimate(value)
    tail = (1 - CONFIDENCE) / 2
    return Estimate(value, float(np.quantile(low, tail)), float(np.quantile(high, 1 - tail)))


def _coincidences(counts: np.ndarray) -> np.ndarray:
    """Return the coincidence matrix of each item with two ratings or more: (items, C, C).

    The matrix of an item with m ratings sums to m.
    """
    counts = counts[counts.sum(1) >= 2]
    matrices = counts[:, :, None] * counts[:, None, :]
    diagonal = np.arange(counts.shape[1])
    # A rating does not coincide with itself.
    matrices[:, diagonal, diagonal] -= counts
    return np.asarray(matrices / (counts.sum(1) - 1)[:, None, None])


def _expected_disagreement(matrix: np.ndarray) -> np.ndarray:
    """Return the coincidences of a pseudo-item with two different ratings, drawn by the shares of the categories."""
    totals = matrix.sum(1)
    products = np.outer(totals, totals)
    np.fill_diagonal(products, 0)
    return 2 * products / products.sum() if products.any() else products


def _bootstrap_alpha(matrices: np.ndarray, level: Level, n_bootstrap: int, seed: int) -> np.ndarray:
    """Return alpha of the bootstrap samples in which it is defined."""
    count, statistics = len(matrices), _sufficient_statistics(matrices, level)
    if count <= _CACHED_ITEMS:
        # Pairs of raters with equally many items share their draws, which take most of the time.
        values = _alpha(_draw_items(count, n_bootstrap, seed).astype(float) @ statistics, level)
        return values[np.isfinite(values)]
    # Equal items are drawn together, as one multinomial: the same distribution in less memory and time.
    patterns, repeats = np.unique(statistics.round(_DIGITS), axis=0, return_counts=True)
    rng, block = np.random.default_rng(seed), max(_BLOCK // len(patterns), 1)
    sizes = [min(block, n_bootstrap - begin) for begin in range(0, n_bootstrap, block)]
    parts = [_alpha(rng.multinomial(count, repeats / count, size=size) @ patterns, level) for size in sizes]
    values = np.concatenate(parts)
    return values[np.isfinite(values)]


@lru_cache(maxsize=16)
def _draw_items(count: int, n_bootstrap: int, seed: int) -> np.ndarray:
    """Draw how often each of `count` items occurs in each bootstrap sample: int16 (n_bootstrap, count)."""
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=n_bootstrap)
    return draws.astype(np.int16)


def _sufficient_statistics(matrices: np.ndarray, level: Level) -> np.ndarray:
    """Reduce coincidence matrices (n, C, C) to additive statistics that determine alpha: (n, statistics).

    The nominal level needs only the agreeing coincidences and the totals of the categories.
    """
    if level == "ordinal":
        return matrices.reshape(len(matrices), -1)
    return np.concatenate([np.trace(matrices, axis1=1, axis2=2)[:, None], matrices.sum(2)], axis=1)


def _alpha(statistics: np.ndarray, level: Level) -> np.ndarray:
    """Compute alpha from sums of `_sufficient_statistics` (n, statistics): (n,), null without expected disagreement."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if level == "nominal":
            agreeing, totals = statistics[:, 0], statistics[:, 1:]
            count = totals.sum(1)
            observed = (count - agreeing) / count
            expected = (count**2 - (totals**2).sum(1)) / (count * (count - 1))
        else:
            size = round(statistics.shape[1] ** 0.5)
            matrices = statistics.reshape(-1, size, size)
            totals = matrices.sum(2)
            count = totals.sum(1)
            mean_ranks = totals.cumsum(1) - totals / 2
            distances = (mean_ranks[:, :, None] - mean_ranks[:, None, :]) ** 2
            observed = (matrices * distances).sum((1, 2)) / count
            expected = (totals[:, :, None] * totals[:, None, :] * distances).sum((1, 2)) / (count * (count - 1))
        # If only one category occurs, the expected disagreement is zero up to rounding.
        return np.where(expected > 1e-12, 1 - observed / expected, np.nan)


def cohens_kappa(
    codes: np.ndarray, size: int, clusters: np.ndarray | None = None, n_bootstrap: int = 2000, seed: int = 0
) -> Estimate:
    """Compute Cohen's kappa (1960, unweighted) with a 95 % interval by `bootstrap_interval`.

    Args:
        codes: (items, 2), categories of two annotators, see `encode_ratings`.
        size: number of categories.
        clusters: (items,), equal for dependent items. Items are independent by default.
        n_bootstrap: number of bootstrap samples; 0 for no interval.
        seed: of the bootstrap.

    Returns:
        -1 to 1. The value is null if no item has both ratings, or if all ratings are of one category. The interval is
        null below MIN_CLUSTERS clusters.
    """
    both = count_pairs(codes[:, 0], codes[:, 1], np.arange(len(codes)) if clusters is None else clusters, size)
    value = float(kappa(both.table)) if both.chains else np.nan
    if np.isnan(value) or both.clusters < MIN_CLUSTERS or not n_bootstrap:
        return Estimate(value)
    return bootstrap_interval(value, kappa(both.resampled(n_bootstrap, seed)), both.clusters, (-1, 1))


def confusion_matrix(one: pd.Series, other: pd.Series, categories: Sequence[str]) -> pd.DataFrame:
    """Count items by the categories of `one` (rows) and `other` (columns); items without both are left out."""
    both = pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()}).dropna().astype(str)
    table = pd.crosstab(both["one"], both["other"])
    return table.reindex(index=list(categories), columns=list(categories), fill_value=0)
