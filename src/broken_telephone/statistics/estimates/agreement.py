"""How far annotators agree: Krippendorff's alpha and Cohen's kappa with intervals, and confusions.

Alpha is computed here because the package of that name is GPL-3; the tests compare with it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.distances import kappa
from broken_telephone.statistics.estimates.estimate import NONE, Estimate, spread
from broken_telephone.statistics.estimates.paired_counts import pairs
from broken_telephone.statistics.estimates.panel import ABSENT
from broken_telephone.statistics.tables.drift_table import ENOUGH

Level = Literal["nominal", "ordinal"]
_KEPT = 256
"""Items up to which draws are kept: 4 MB each."""


def krippendorff_alpha(
    ratings: pd.DataFrame,
    categories: Sequence[str],
    level: Level = "nominal",
    clusters: np.ndarray | None = None,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Krippendorff's alpha with a percentile bootstrap interval over items, or clusters of items.

    alpha = 1 - observed / expected disagreement, from the matrix of coincidences (Krippendorff 2019, Content Analysis,
    4th edition, chapter 12). Items are drawn anew with all their ratings: raters are taken as they are. Where few
    disagree, samples hold too few disagreements to tell how many went unseen. For the lower end one item is therefore
    made up, a disagreement of the expected size: among n items of which d disagree, samples then hold about as many
    as Clopper and Pearson (1934) would still allow. It counts for little where items are many, and a further
    disagreement never raises the lower end.

    Args:
        ratings: a row an item, a column a rater; null where a rater gave no category.
        categories: all of them, in their order, which counts at the ordinal level.
        level: how two categories differ: nominal, or by their ranks.
        clusters: (items,), equal for items that are not independent, such as pictures of a chain; none share one unless
            stated.
        n_bootstrap: of the bootstrap; none gives no interval.
        confidence: of the interval.
        seed: of the bootstrap.

    Returns:
        Null where fewer than two items have two ratings, or only one category occurs in these; without an interval
        where these items are of one cluster.

    Raises:
        ValueError: if a rating is none of the categories.
    """
    codes = codes_of(ratings, categories)
    return alpha_of(counts_of(codes, len(categories)), level, clusters, n_bootstrap, confidence, seed)


def alpha_of(
    counts: np.ndarray,
    level: Level = "nominal",
    clusters: np.ndarray | None = None,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Compute Krippendorff's alpha from counts: (items, categories), how many raters gave each category to an item.

    The other arguments and the result are those of `krippendorff_alpha`.
    """
    matrices = coincidences(counts)
    if len(matrices) < 2:
        return NONE
    total = matrices.sum(0)
    value = float(_alpha(_parts(total[None], level), level)[0])
    made_up = _disagreement(total)[None]
    if clusters is not None:
        matrices = _together(matrices, clusters[counts.sum(axis=1) >= 2])
    if len(matrices) < 2 or not n_bootstrap:
        return Estimate(value, np.nan, np.nan)
    high = _sampled(matrices, level, n_bootstrap, seed)
    low = _sampled(np.concatenate([matrices, made_up]), level, n_bootstrap, seed)
    if np.isnan(value) or not len(high):
        return Estimate(value, np.nan, np.nan)
    tail = (1 - confidence) / 2
    return Estimate(value, float(np.quantile(low, tail)), float(np.quantile(high, 1 - tail)))


def _together(matrices: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Sums of matrices (items, C, C) within clusters (items,)."""
    names, owner = np.unique(clusters, return_inverse=True)
    sums = np.zeros((len(names), *matrices.shape[1:]))
    np.add.at(sums, owner, matrices)
    return sums


def _sampled(matrices: np.ndarray, level: Level, n_bootstrap: int, seed: int) -> np.ndarray:
    """Alpha of bootstrap samples; a sample in which only one category occurs has none."""
    count = len(matrices)
    # Every two raters who labelled equally many items share their draws, which cost more than all that follows.
    drawn = _draws(count, n_bootstrap, seed) if count <= _KEPT else _draws.__wrapped__(count, n_bootstrap, seed)
    values = _alpha(drawn @ _parts(matrices, level), level)
    return values[np.isfinite(values)]


@lru_cache(maxsize=64)
def _draws(count: int, n_bootstrap: int, seed: int) -> np.ndarray:
    """Return how often each of `count` items is in each bootstrap sample: float64 (n_bootstrap, count)."""
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=n_bootstrap)
    return drawn.astype(np.float64)


def _disagreement(matrix: np.ndarray) -> np.ndarray:
    """The coincidences of an item with two ratings that differ, each pair of categories as likely as by chance."""
    totals = matrix.sum(1)
    apart = np.outer(totals, totals)
    np.fill_diagonal(apart, 0)
    return 2 * apart / apart.sum() if apart.any() else apart


def codes_of(ratings: pd.DataFrame, categories: Sequence[str]) -> np.ndarray:
    """Return the place of each rating among the categories, ABSENT where there is none: (items, raters).

    Raises:
        ValueError: if a rating is none of the categories.
    """
    codes = pd.Index(list(categories)).get_indexer(ratings.to_numpy(dtype=object).ravel()).reshape(ratings.shape)
    given = ratings.notna().to_numpy(dtype=bool)
    if (unknown := given & (codes < 0)).any():
        wrong = sorted({str(value) for value in ratings.to_numpy(dtype=object)[unknown]})
        raise ValueError(f"{', '.join(wrong)} is no category ({', '.join(categories)})")
    return np.where(given, codes, ABSENT)


def counts_of(codes: np.ndarray, size: int) -> np.ndarray:
    """Count the raters by the category that they gave: (items, raters) to (items, categories)."""
    return np.stack([(codes == place).sum(axis=1) for place in range(size)], axis=1).astype(float)


def coincidences(counts: np.ndarray) -> np.ndarray:
    """Return how often categories coincide within each item that has two ratings or more.

    Args:
        counts: as `counts_of` returns them.

    Returns:
        (items, categories, categories); an item with m ratings adds up to m.
    """
    counts = counts[counts.sum(1) >= 2]
    pairs = counts[:, :, None] * counts[:, None, :]
    places = np.arange(counts.shape[1])
    # A rating does not coincide with itself.
    pairs[:, places, places] -= counts
    return np.asarray(pairs / (counts.sum(1) - 1)[:, None, None])


def _parts(matrices: np.ndarray, level: Level) -> np.ndarray:
    """What alpha needs of coincidence matrices (n, c, c), which adds up over items: (n, parts).

    The nominal level needs the agreeing coincidences and the totals of the categories only.
    """
    if level == "ordinal":
        return matrices.reshape(len(matrices), -1)
    return np.concatenate([np.trace(matrices, axis1=1, axis2=2)[:, None], matrices.sum(2)], axis=1)


def _alpha(parts: np.ndarray, level: Level) -> np.ndarray:
    """Alpha of sums of `_parts` (n, parts): (n,), NaN where no disagreement can be expected."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if level == "nominal":
            agreeing, totals = parts[:, 0], parts[:, 1:]
            count = totals.sum(1)
            observed = (count - agreeing) / count
            expected = (count**2 - (totals**2).sum(1)) / (count * (count - 1))
        else:
            size = round(parts.shape[1] ** 0.5)
            matrices = parts.reshape(-1, size, size)
            totals = matrices.sum(2)
            count = totals.sum(1)
            # The ranks between the middles of two categories.
            middles = totals.cumsum(1) - totals / 2
            apart = (middles[:, :, None] - middles[:, None, :]) ** 2
            observed = (matrices * apart).sum((1, 2)) / count
            expected = (totals[:, :, None] * totals[:, None, :] * apart).sum((1, 2)) / (count * (count - 1))
        # Zero, but for rounding, where only one category occurs.
        return np.where(expected > 1e-12, 1 - observed / expected, np.nan)


def cohens_kappa(
    one: pd.Series,
    other: pd.Series,
    categories: Sequence[str],
    clusters: np.ndarray | None = None,
    n_bootstrap: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Cohen's kappa, unweighted, with a bootstrap interval over items or clusters of items, as drift's kappa has it.

    Args:
        one, other: categories of the same items, in the same order; null where there is none.
        categories: all of them.
        clusters: (items,), equal for items that are not independent.
        n_bootstrap: of the bootstrap; none gives no interval.
        seed: of the bootstrap.

    Returns:
        Null where no item has both, or both give only one category. No interval of fewer than ENOUGH clusters.
    """
    codes = codes_of(pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()}), categories)
    return kappa_of(codes, len(categories), clusters, n_bootstrap, seed)


def kappa_of(
    codes: np.ndarray, size: int, clusters: np.ndarray | None = None, n_bootstrap: int = 2000, seed: int = 0
) -> Estimate:
    """Compute Cohen's kappa from the codes (items, 2) of `codes_of` and the number of categories.

    The other arguments and the result are those of `cohens_kappa`.
    """
    both = pairs(codes[:, 0], codes[:, 1], np.arange(len(codes)) if clusters is None else clusters, size)
    value = float(kappa(both.table)) if both.chains else np.nan
    if np.isnan(value):
        return NONE
    if both.clusters < ENOUGH or not n_bootstrap:
        return Estimate(value, np.nan, np.nan)
    return spread(value, kappa(both.resampled(n_bootstrap, seed)), both.clusters, (-1, 1))


def confusion(one: pd.Series, other: pd.Series, categories: Sequence[str]) -> pd.DataFrame:
    """Count items by the category that `one` gives (rows) and that `other` gives (columns); nulls are left out."""
    both = pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()}).dropna().astype(str)
    table = pd.crosstab(both["one"], both["other"])
    return table.reindex(index=list(categories), columns=list(categories), fill_value=0)
