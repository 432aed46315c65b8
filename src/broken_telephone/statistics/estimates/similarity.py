"""How similar pictures and texts of a chain are to those before them and to those it started from.

The published study takes cosines between successive iterations only. Here they are taken to the start of the chain as
well: what successive steps keep, many steps may still lose.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.panel import ABSENT, first_picture
from broken_telephone.tables import SIMILARITIES, as_table

PREVIOUS, ORIGIN = "previous", "origin"
PICTURES, WORDS, BOTH = "image-image", "text-text", "image-text"

_BLOCK = 8192
"""Chains compared at once: so many rows are made full precision."""


@dataclass(frozen=True)
class Vectors:
    """Vectors, and to which iteration of which chain each belongs; chains may share one."""

    values: np.ndarray
    """float (m, d), of any length but zero."""
    places: np.ndarray
    """int64 (n, K + 1): rows of `values`, or ABSENT; column k is of image k, or of description k."""


def similarities(chains: pd.DataFrame, pictures: Vectors, texts: Vectors, sentences: Vectors) -> pd.DataFrame:
    """Return the cosines between the pictures and texts of each chain.

    Description k is of image k - 1, and image k is drawn from description k, so that the rows of iteration k are:

    - image-image: image k and image k - 1 (previous), image 0 (origin). A chain from a prompt begins with image 1.
    - text-text: description k and description k - 1 (previous), description 1 (origin), from iteration 2 on.
    - image-text: image k and description k, which it was drawn from (previous), and description 1 (origin): what
      the generator makes of its text, and what is left of what was first said. What a describer makes of a picture,
      image k - 1 and description k, is not among them.

    At its first iteration a chain's origin is its previous one. A pair of which one is missing has no row.

    Args:
        chains: the `chains` table; its n rows are those of `places`.
        pictures: images 0 to K.
        texts: descriptions 1 to K, in the space of the pictures; column 0 is ABSENT throughout.
        sentences: the same, in the space in which texts are compared with each other.

    Returns:
        Columns SIMILARITIES of `broken_telephone.tables`, by iteration, kind and pair, in the order of chains; values
        from -1 to 1.
    """
    names = chains["chain_id"].astype(str).to_numpy(dtype=object)
    first = np.array([first_picture(start) for start in chains["start"].astype(str)], np.int64)
    parts = []
    for iteration in range(1, pictures.places.shape[1]):
        for kind, pair, (one, here), (other, there) in _pairs(iteration, first, pictures, texts, sentences):
            both = (here != ABSENT) & (there != ABSENT)
            where = {"chain_id": names[both], "pair": pair, "kind": kind, "iteration": iteration}
            parts.append(pd.DataFrame(where | {"value": cosines(one.values, here[both], other.values, there[both])}))
    return as_table(pd.concat(parts, ignore_index=True) if parts else [], SIMILARITIES)


_Side = tuple[Vectors, np.ndarray]


def _pairs(
    k: int, first: np.ndarray, pictures: Vectors, texts: Vectors, sentences: Vectors
) -> Iterator[tuple[str, str, _Side, _Side]]:
    """Yield kind, pair, and of either side the vectors and the rows of each chain, (n,)."""
    here = pictures, pictures.places[:, k]
    begun = np.take_along_axis(pictures.places, first[:, None], axis=1)[:, 0]
    yield PICTURES, PREVIOUS, here, (pictures, pictures.places[:, k - 1])
    yield PICTURES, ORIGIN, here, (pictures, np.where(k > first, begun, ABSENT))
    if k > 1:
        said = sentences, sentences.places[:, k]
        yield WORDS, PREVIOUS, said, (sentences, sentences.places[:, k - 1])
        yield WORDS, ORIGIN, said, (sentences, sentences.places[:, 1])
    yield BOTH, PREVIOUS, here, (texts, texts.places[:, k])
    yield BOTH, ORIGIN, here, (texts, texts.places[:, 1])


def cosines(one: np.ndarray, rows: np.ndarray, other: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the cosines between `one[rows]` and `other[others]`, float64 (n,), from -1 to 1.

    Args:
        one, other: float (m, d) and (l, d).
        rows, others: int (n,).
    """
    found = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        # Stored vectors are halves, of which sums would be too coarse.
        a, b = one[rows[part]].astype(np.float32), other[others[part]].astype(np.float32)
        found[part] = (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))
    return np.clip(found, -1, 1)
