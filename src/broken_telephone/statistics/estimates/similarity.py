"""Cosine similarities of pictures and texts of a chain with the previous ones and with the chain's first ones.

The published study compares successive iterations only. Small changes between successive iterations can add up to a
large change from the start.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.panel import ABSENT, first_picture
from broken_telephone.tables import SIMILARITIES, as_table

PREVIOUS, ORIGIN = "previous", "origin"
PICTURES, TEXTS, BOTH = "image-image", "text-text", "image-text"

_BLOCK = 8192
"""Chains that are compared at once, which limits the memory for single-precision copies."""


@dataclass(frozen=True)
class Vectors:
    """Embedding vectors, and the chain and iteration that each belongs to. Chains may share a vector."""

    values: np.ndarray
    """float (m, d), of any length but zero."""
    places: np.ndarray
    """int64 (n, K + 1): rows of `values`, or ABSENT; column k belongs to image k or description k."""


def similarities(chains: pd.DataFrame, pictures: Vectors, texts: Vectors, sentences: Vectors) -> pd.DataFrame:
    """Compute the cosine similarities between the pictures and texts of each chain.

    Description k describes image k - 1, and image k is drawn from description k. The rows of iteration k are:

    - image-image: image k with image k - 1 (previous) and image 0 (origin). A chain from a prompt begins with image 1.
    - text-text: description k with description k - 1 (previous) and description 1 (origin), from iteration 2 on.
    - image-text: image k with description k (previous), which measures the generator, and with description 1
      (origin), which measures how much of the first description is left. Image k - 1 and description k, which would
      measure the describer, are not compared.

    At the first iteration of a chain, origin equals previous. A pair with a missing vector has no row.

    Args:
        chains: the `chains` table; its n rows are the rows of `places`.
        pictures: images 0 to K.
        texts: descriptions 1 to K, in the embedding space of the pictures; column 0 is ABSENT.
        sentences: the same descriptions in the embedding space for comparing texts.

    Returns:
        Columns SIMILARITIES of `broken_telephone.tables`, by iteration, kind and pair, in the order of the chains; -1
        to 1.
    """
    names = chains["chain_id"].astype(str).to_numpy(dtype=object)
    first = np.array([first_picture(start) for start in chains["start"].astype(str)], np.int64)
    parts = []
    for iteration in range(1, pictures.places.shape[1]):
        for kind, pair, (one, rows), (other, others) in _pairs(iteration, first, pictures, texts, sentences):
            both = (rows != ABSENT) & (others != ABSENT)
            keys = {"chain_id": names[both], "pair": pair, "kind": kind, "iteration": iteration}
            parts.append(pd.DataFrame(keys | {"value": cosines(one.values, rows[both], other.values, others[both])}))
    return as_table(pd.concat(parts, ignore_index=True) if parts else [], SIMILARITIES)


_Side = tuple[Vectors, np.ndarray]


def _pairs(
    k: int, first: np.ndarray, pictures: Vectors, texts: Vectors, sentences: Vectors
) -> Iterator[tuple[str, str, _Side, _Side]]:
    """Yield the kind and the pair of iteration k, and for each side its vectors and the row of each chain, (n,)."""
    picture = pictures, pictures.places[:, k]
    origin = np.take_along_axis(pictures.places, first[:, None], axis=1)[:, 0]
    yield PICTURES, PREVIOUS, picture, (pictures, pictures.places[:, k - 1])
    yield PICTURES, ORIGIN, picture, (pictures, np.where(k > first, origin, ABSENT))
    if k > 1:
        sentence = sentences, sentences.places[:, k]
        yield TEXTS, PREVIOUS, sentence, (sentences, sentences.places[:, k - 1])
        yield TEXTS, ORIGIN, sentence, (sentences, sentences.places[:, 1])
    yield BOTH, PREVIOUS, picture, (texts, texts.places[:, k])
    yield BOTH, ORIGIN, picture, (texts, texts.places[:, 1])


def cosines(one: np.ndarray, rows: np.ndarray, other: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the cosines between `one[rows]` and `other[others]`: float64 (n,), -1 to 1.

    Args:
        one, other: float (m, d) and (l, d).
        rows, others: int (n,).
    """
    values = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        # Stored vectors have half precision, which is too coarse for sums.
        a, b = one[rows[part]].astype(np.float32), other[others[part]].astype(np.float32)
        values[part] = (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))
    return np.clip(values, -1, 1)
