"""How far two distributions of categories are apart, and how far an attribute moved.

All functions take tables (..., C, C) of chains by category before (rows) and after (columns), and return (...),
null where a table is empty or the measure is not defined. Shares p are the rows' sums, q the columns'.
"""

from collections.abc import Mapping, Sequence

import numpy as np


def shares(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares before and after, each (..., C)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        total = tables.sum((-1, -2))[..., None]
        return tables.sum(-1) / total, tables.sum(-2) / total


def total_variation(tables: np.ndarray) -> np.ndarray:
    """Half the sum of |p - q|, 0 to 1: the share of chains that would have to change to make the two equal."""
    p, q = shares(tables)
    return np.asarray(np.abs(p - q).sum(-1) / 2)


def jensen_shannon(tables: np.ndarray) -> np.ndarray:
    """Jensen-Shannon distance, 0 to 1: the root of the divergence to base 2 (Endres and Schindelin 2003)."""
    from scipy.spatial.distance import jensenshannon

    p, q = shares(tables)
    return np.asarray(jensenshannon(p, q, base=2, axis=-1))


def jaccard(tables: np.ndarray) -> np.ndarray:
    """Weighted Jaccard similarity of the shares, 1 to 0: sum of min(p, q) over sum of max(p, q)."""
    p, q = shares(tables)
    return np.asarray(np.minimum(p, q).sum(-1) / np.maximum(p, q).sum(-1))


def cramers_v(tables: np.ndarray) -> np.ndarray:
    """Cramer's V of time against category, 0 to 1: the root of chi-square over 2n (Cramer 1946, 21.9)."""
    p, q = shares(tables)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = np.where(p + q > 0, (p - q) ** 2 / (p + q), 0.0).sum(-1)
    return np.asarray(np.where(np.isnan(p).any(-1), np.nan, np.sqrt(parts / 2)))


def kappa(tables: np.ndarray) -> np.ndarray:
    """Cohen's kappa of the categories before and after, -1 to 1; null where both know one category only."""
    p, q = shares(tables)
    with np.errstate(invalid="ignore", divide="ignore"):
        same = np.trace(tables, axis1=-2, axis2=-1) / tables.sum((-1, -2))
        chance = (p * q).sum(-1)
        return np.asarray(np.where(chance < 1 - 1e-12, (same - chance) / (1 - chance), np.nan))


def share_differences(tables: np.ndarray) -> np.ndarray:
    """Return q - p of every category: (..., C), -1 to 1."""
    p, q = shares(tables)
    return np.asarray(q - p)


def cohens_h(tables: np.ndarray) -> np.ndarray:
    """Return Cohen's h of every category, 2 arcsin sqrt q - 2 arcsin sqrt p: (..., C), -pi to pi (Cohen 1988, 6.2)."""
    p, q = shares(tables)
    return np.asarray(2 * np.arcsin(np.sqrt(q)) - 2 * np.arcsin(np.sqrt(p)))


def mean_shift(tables: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the change of the mean of an attribute whose categories stand for values, such as years of age."""
    return np.asarray(share_differences(tables) @ values)


def middle_years(years: Mapping[str, tuple[int, int | None]], categories: Sequence[str]) -> np.ndarray:
    """Return the middle of each age range, in years; a range without an end is taken to be twenty years wide.

    A category that has no range, such as other, has a null.
    """

    def middle(first: int, last: int | None) -> float:
        return first + 10 if last is None else (first + last + 1) / 2

    return np.array([middle(*years[category]) if category in years else np.nan for category in categories])
