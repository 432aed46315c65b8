"""How far annotators agree: Krippendorff's alpha and Cohen's kappa with intervals, and confusions.

Alpha is computed here because the package of that name is GPL-3; the tests compare with it.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from broken_telephone.measures.distances import kappa
from broken_telephone.measures.drift_table import ENOUGH
from broken_telephone.measures.estimate import NONE, Estimate, spread
from broken_telephone.measures.pairs import pairs

Level = Literal["nominal", "ordinal"]


def krippendorff_alpha(
    ratings: pd.DataFrame,
    categories: Sequence[str],
    level: Level = "nominal",
    clusters: np.ndarray | None = None,
    repeats: int = 2000,
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
        repeats: of the bootstrap.
        confidence: of the interval.
        seed: of the bootstrap.

    Returns:
        Null where fewer than two items have two ratings, or only one category occurs in these; without an interval
        where these items are of one cluster.

    Raises:
        ValueError: if a rating is none of the categories.
    """
    matrices = coincidences(ratings, categories)
    if len(matrices) < 2:
        return NONE
    value = float(_alpha(matrices.sum(0)[None], level)[0])
    made_up = _disagreement(matrices.sum(0))[None]
    if clusters is not None:
        matrices = _together(matrices, clusters[ratings.notna().sum(axis=1) >= 2])
    if len(matrices) < 2:
        return Estimate(value, np.nan, np.nan)
    high = _sampled(matrices, level, repeats, seed)
    low = _sampled(np.concatenate([matrices, made_up]), level, repeats, seed)
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


def _sampled(matrices: np.ndarray, level: Level, repeats: int, seed: int) -> np.ndarray:
    """Alpha of bootstrap samples; a sample in which only one category occurs has none."""
    count, size, _ = matrices.shape
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=repeats)
    values = _alpha((drawn @ matrices.reshape(count, -1)).reshape(repeats, size, size), level)
    return values[np.isfinite(values)]


def _disagreement(matrix: np.ndarray) -> np.ndarray:
    """The coincidences of an item with two ratings that differ, each pair of categories as likely as by chance."""
    totals = matrix.sum(1)
    apart = np.outer(totals, totals)
    np.fill_diagonal(apart, 0)
    return 2 * apart / apart.sum() if apart.any() else apart


def coincidences(ratings: pd.DataFrame, categories: Sequence[str]) -> np.ndarray:
    """Return how often categories coincide within each item that has two ratings or more.

    Returns:
        (items, categories, categories); an item with m ratings adds up to m.
    """
    unknown = set(pd.unique(ratings.to_numpy().ravel())) - set(categories)
    if unknown := {value for value in unknown if not pd.isna(value)}:
        raise ValueError(f"{', '.join(sorted(map(str, unknown)))} is no category ({', '.join(categories)})")
    counts = np.stack([(ratings == category).sum(axis=1).to_numpy() for category in categories], axis=1).astype(float)
    counts = counts[counts.sum(1) >= 2]
    pairs = counts[:, :, None] * counts[:, None, :]
    places = np.arange(len(categories))
    # A rating does not coincide with itself.
    pairs[:, places, places] -= counts
    return np.asarray(pairs / (counts.sum(1) - 1)[:, None, None])


def _alpha(matrices: np.ndarray, level: Level) -> np.ndarray:
    """Alpha of coincidence matrices (n, c, c): (n,), NaN where no disagreement can be expected."""
    totals = matrices.sum(2)
    if level == "nominal":
        apart = 1.0 - np.eye(matrices.shape[1])[None]
    else:
        # The ranks between the middles of two categories.
        middles = totals.cumsum(1) - totals / 2
        apart = (middles[:, :, None] - middles[:, None, :]) ** 2
    count = totals.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (matrices * apart).sum((1, 2)) / count
        expected = (totals[:, :, None] * totals[:, None, :] * apart).sum((1, 2)) / (count * (count - 1))
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def cohens_kappa(
    one: pd.Series,
    other: pd.Series,
    categories: Sequence[str],
    clusters: np.ndarray | None = None,
    repeats: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Cohen's kappa, unweighted, with a bootstrap interval over items or clusters of items, as drift's kappa has it.

    Args:
        one, other: categories of the same items, in the same order; null where there is none.
        categories: all of them.
        clusters: (items,), equal for items that are not independent.
        repeats: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Null where no item has both, or both give only one category. No interval of fewer than ENOUGH clusters.
    """
    before, after = (pd.Categorical(given.astype(object), categories=list(categories)).codes for given in (one, other))
    both = pairs(before, after, np.arange(len(one)) if clusters is None else clusters, len(categories))
    value = float(kappa(both.table)) if both.chains else np.nan
    if np.isnan(value):
        return NONE
    if both.clusters < ENOUGH:
        return Estimate(value, np.nan, np.nan)
    return spread(value, kappa(both.resampled(repeats, seed)), both.clusters, (-1, 1))


def confusion(one: pd.Series, other: pd.Series, categories: Sequence[str]) -> pd.DataFrame:
    """Count items by the category that `one` gives (rows) and that `other` gives (columns); nulls are left out."""
    both = pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()}).dropna().astype(str)
    table = pd.crosstab(both["one"], both["other"])
    return table.reindex(index=list(categories), columns=list(categories), fill_value=0)
