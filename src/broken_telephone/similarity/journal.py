"""The journal of the embedding: one record per batch, with the vectors in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import numpy as np

from broken_telephone.execution.adoption import counts_of
from broken_telephone.execution.journal import Entry, Record, Records, failed_items, known_items, records_of, seconds_in
from broken_telephone.similarity.items import Item
from broken_telephone.similarity.spaces import Space

PRECISION = np.float16
"""The precision of vectors on disk. It changes a cosine by less than 0.001, and halves what 300,000 of them take."""


def entries(batches: Iterable[Record]) -> Iterator[Entry]:
    """Yield what records say about items; a result is the row of an item among the vectors of all these records."""
    rows = count()
    for record in batches:
        for name, digest in zip(record["names"], record["digests"], strict=True):
            yield Entry(name, digest, next(rows))
        yield from failed_items(record)


class Stored(NamedTuple):
    """What the journal holds of a space."""

    vectors: np.ndarray
    """float16 (m, d); (0, 0) where there are none."""
    places: dict[str, int]
    """Name -> row."""
    cut: set[str]
    """Names of texts of which only the beginning was embedded."""
    failures: dict[str, Record]
    """Name -> kind and reason, of pictures that did not open."""
    seconds: float
    """The time in the model."""
    adopted: dict[str, int]
    """Study -> number of vectors that were adopted from it."""


def stored(space: Space, records: Records, items: Mapping[int, Sequence[Item]]) -> Stored:
    """Read all vectors of a space.

    Args:
        space: the space.
        records: the journal.
        items: of the space, by iteration; one that changed since has no vector.
    """
    batches = list(records_of(space.key, records))
    known = known_items(entries(batches), items)
    vectors = [record["vectors"] for record in batches if record["names"]]
    return Stored(
        np.concatenate(vectors) if vectors else np.empty((0, 0), PRECISION),
        {name: entry.result for name, entry in known.items() if entry.failure is None},
        {name for record in batches for name in record["cut"]},
        {name: entry.failure for name, entry in known.items() if entry.failure is not None},
        seconds_in(batches),
        counts_of(batches, lambda record: len(record["names"])),
    )
