"""The journals of the explanation: one record per batch, with the arrays in it."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from broken_telephone.execution.journal import Entry, Record, Records, failed_items, known_items, records_of, results_of
from broken_telephone.models import Face
from broken_telephone.pictures import Needed, Picture

SKIN = ("L*", "a*", "b*", "clipped share")
"""Numbers that are kept of the skin of a face."""
CHECKED = 2
"""The level of words on which the costly checks were made."""


@dataclass(frozen=True)
class PictureContent:
    """Faces, regions and skin colours of a picture."""

    size: tuple[int, int]
    """Width and height that faces and maps are in."""
    original_size: tuple[int, int]
    """Width and height of the file's picture, as displayed."""
    faces: list[Face]
    """Surest first."""
    maps: np.ndarray
    """uint8 (faces, height, width), places in `REGIONS`, as the parser sees them around each face."""
    skin: list[list[float] | None]
    """`SKIN` of each face; None for a face of too few pixels."""


def sight_key(identity: str) -> str:
    """Return the key under which is kept how large pictures are looked at, once for all batches of an identity.

    What the first run measured stays: results from pictures of several sizes are never put together.
    """
    return f"sight/{identity}"


def sight_in(identity: str, records: Records) -> tuple[Needed | None, Record]:
    """Return how large pictures are looked at, None where none was yet, and the whole record of it."""
    record = records[sight_key(identity)]() if sight_key(identity) in records else {}
    return (Needed(*record["needed"]) if record else None), record


def face_entries(batches: Iterable[Record]) -> Iterator[Entry]:
    """Yield what records say about pictures; a result is a `PictureContent`."""
    for record in batches:
        for place, one in enumerate(record["pictures"]):
            faces = [Face(tuple(f["box"]), f["score"], np.array(f["landmarks"], np.float32)) for f in one["faces"]]
            width, height = one["size"]
            raw = np.frombuffer(zlib.decompress(record[f"maps_{place}"].tobytes()), np.uint8)
            maps = raw.reshape(len(faces), height, width)
            content = PictureContent((width, height), tuple(one["original_size"]), faces, maps, one["skin"])
            yield Entry(one["name"], one["digest"], content)
        yield from failed_items(record)


def faces_in(identity: str, records: Records, pictures: Mapping[int, Sequence[Picture]]) -> dict[str, Entry]:
    """Return picture -> its entry; pictures that changed, such as one that was drawn again, are left out."""
    return known_items(face_entries(records_of(identity, records)), pictures)


def contents_in(
    identity: str, records: Records, pictures: Mapping[int, Sequence[Picture]]
) -> dict[str, PictureContent]:
    """Return picture -> what is in it."""
    return results_of(faces_in(identity, records, pictures))


def random_identity(identity: str, weights: int | None) -> str:
    """Return under what explanations are kept that were made with random weights; None stands for the true ones."""
    return identity if weights is None else f"{identity}_random_{weights}"


def word_entries(batches: Iterable[Record]) -> Iterator[Entry]:
    """Yield what records say about words; a result is a row of arrays and numbers, None where tokens do not write it.

    A word that was explained again for the costly checks stands twice.
    """
    for record in batches:
        rows = [dict(row) for row in record["rows"]]
        for name, having in record["having"].items():
            for place, values in zip(having, record[name], strict=True):
                rows[place][name] = values
        for place, (name, row) in enumerate(zip(record["names"], rows, strict=True)):
            if f"map_{place}" in record:
                row["map"] = record[f"map_{place}"]
            yield Entry(name, result=row, level=CHECKED if "deletion" in row else 1)
        yield from (Entry(name, level=CHECKED) for name in record["unwritten"])
        yield from failed_items(record)


def words_in(identity: str, records: Records) -> dict[str, Entry]:
    """Return word -> what was explained with the same models and settings."""
    return known_items(word_entries(records_of(identity, records)))


def rows_in(identity: str, records: Records) -> dict[str, dict[str, Any]]:
    """Return word -> what was found of it, for words that are explained."""
    return results_of(words_in(identity, records))
