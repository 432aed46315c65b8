"""Distances between two distributions of categories, and changes of single shares.

All functions take contingency tables (..., C, C) of chains by category before (rows) and after (columns), and return
(...). The result is null where a table is empty or the measure is undefined. Shares p are before, shares q after.
"""

from collections.abc import Mapping, Sequence

import numpy as np


def shares(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares before and after, each (..., C), 0 to 1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        total = tables.sum((-1, -2))[..., None]
        return tables.sum(-1) / total, tables.sum(-2) / total


def total_variation(tables: np.ndarray) -> np.ndarray:
    """Compute half the sum of |p - q|, 0 to 1: the least share of chains that have to change to make p and q equal."""
    p, q = shares(tables)
    return np.asarray(np.abs(p - q).sum(-1) / 2)


def jensen_shannon(tables: np.ndarray) -> np.ndarray:
    """Compute the Jensen-Shannon distance, 0 to 1: the root of the base-2 divergence (Endres and Schindelin 2003)."""
    from scipy.spatial.distance import jensenshannon

    p, q = shares(tables)
    return np.asarray(jensenshannon(p, q, base=2, axis=-1))


def jaccard(tables: np.ndarray) -> np.ndarray:
    """Compute the weighted Jaccard similarity, 0 to 1: the sum of min(p, q) over the sum of max(p, q)."""
    p, q = shares(tables)
    return np.asarray(np.minimum(p, q).sum(-1) / np.maximum(p, q).sum(-1))


def cramers_v(tables: np.ndarray) -> np.ndarray:
    """Compute Cramer's V of time against category, 0 to 1: the root of chi-square over 2n (Cramer 1946, 21.9)."""
    p, q = shares(tables)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = np.where(p + q > 0, (p - q) ** 2 / (p + q), 0.0).sum(-1)
    return np.asarray(np.where(np.isnan(p).any(-1), np.nan, np.sqrt(parts / 2)))


def kappa(tables: np.ndarray) -> np.ndarray:
    """Compute Cohen's kappa, -1 to 1 (Cohen 1960); null where the same single category occurs before and after."""
    p, q = shares(tables)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.trace(tables, axis1=-2, axis2=-1) / tables.sum((-1, -2))
        expected = (p * q).sum(-1)
        return np.asarray(np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan))


def share_differences(tables: np.ndarray) -> np.ndarray:
    """Return q - p for each category: (..., C), -1 to 1."""
    p, q = shares(tables)
    return np.asarray(q - p)


def cohens_h(tables: np.ndarray) -> np.ndarray:
    """Compute Cohen's h, 2 arcsin sqrt q - 2 arcsin sqrt p: (..., C), -pi to pi (Cohen 1988, 6.2)."""
    p, q = shares(tables)
    return np.asarray(2 * np.arcsin(np.sqrt(q)) - 2 * np.arcsin(np.sqrt(p)))


def mean_shift(tables: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Compute the change of the mean, after less before, in the unit of the categories' values (C,)."""
    return np.asarray(share_differences(tables) @ values)


def age_midpoints(years: Mapping[str, tuple[int, int | None]], categories: Sequence[str]) -> np.ndarray:
    """Return the midpoint of each age range in years, (C,); an open range counts as twenty years wide.

    A category without a range, such as other, is null.
    """

    def midpoint(first: int, last: int | None) -> float:
        return first + 10 if last is None else (first + last + 1) / 2

    return np.array([midpoint(*years[category]) if category in years else np.nan for category in categories])
