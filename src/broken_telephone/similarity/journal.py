"""The journal of the embedding: one record per batch, with the vectors in it. What it holds is done."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from broken_telephone.seeds import digest
from broken_telephone.similarity.spaces import Space

Record = dict[str, Any]
Records = Mapping[str, Callable[[], Record]]

UNREADABLE = "unreadable image"
PRECISION = np.float16
"""Of vectors on disk: it changes a cosine by less than 0.001, and halves what 300,000 of them take."""


def key_of(space: Space, iteration: int, record: Record) -> str:
    """Return the key of a batch's record."""
    names = [*record["names"], *(failure["name"] for failure in record["failures"])]
    return f"{space.key}/{iteration:03}/{digest(*names, size=8)}"


def batches_of(space: Space, records: Records) -> Iterator[Record]:
    """Read what the journal says of a space, batch by batch."""
    for key in records:
        if key.startswith(f"{space.key}/"):
            yield records[key]()


def names_in(record: Record, digests: Mapping[str, str]) -> list[str]:
    """Return the names of a batch's items. The name is empty where the item has changed since."""
    names = zip(record["names"], record["digests"], strict=True)
    return [name if digests.get(name) == digest else "" for name, digest in names]


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
    """Spent in the model."""


def stored(space: Space, records: Records, digests: Mapping[str, str]) -> Stored:
    """Read all vectors of a space, of the items that there are now.

    Args:
        space: the space.
        records: the journal.
        digests: name -> digest of the items.
    """
    parts: list[np.ndarray] = []
    places: dict[str, int] = {}
    cut: set[str] = set()
    failures: dict[str, Record] = {}
    seconds, rows = 0.0, 0
    for record in batches_of(space, records):
        if record["names"]:
            parts.append(record["vectors"])
            places |= {name: rows + row for row, name in enumerate(names_in(record, digests)) if name}
            rows += len(record["names"])
        cut.update(record["cut"])
        failures |= {failure["name"]: failure for failure in record["failures"]}
        seconds += record.get("seconds", 0.0)
    vectors = np.concatenate(parts) if parts else np.empty((0, 0), PRECISION)
    mended = {name: failure for name, failure in failures.items() if name not in places}
    return Stored(vectors, places, cut, mended, seconds)
