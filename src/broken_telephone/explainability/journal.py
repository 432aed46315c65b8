"""The journals of the explanation: one record per batch, with the arrays in it. What they hold is done."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from broken_telephone.models import Face
from broken_telephone.pictures import Needed, Picture
from broken_telephone.seeds import digest

Record = dict[str, Any]
Records = Mapping[str, Callable[[], Record]]

UNREADABLE = "unreadable image"


@dataclass(frozen=True)
class Found:
    """What is in a picture."""

    size: tuple[int, int]
    """Width and height that faces and maps are in."""
    original_size: tuple[int, int]
    """Width and height of the file's picture, as displayed."""
    faces: list[Face]
    """Surest first."""
    maps: np.ndarray
    """uint8 (faces, height, width), places in `REGIONS`, as the parser sees them around each face."""
    skin: list[list[float] | None]
    """L*, a*, b* of each face."""


def key_of(identity: str, iteration: int, names: Sequence[str]) -> str:
    """Return the key of a batch's record."""
    return f"{identity}/{iteration:03}/{digest(*names, size=8)}"


def sight_key(identity: str) -> str:
    """Return the key under which is kept how large pictures are looked at, once for all batches of an identity.

    What the first run measured stays: results from pictures of several sizes are never put together.
    """
    return f"sight/{identity}"


def sight_in(identity: str, records: Records) -> Needed | None:
    """Return how large pictures are looked at; None where none was yet."""
    key = sight_key(identity)
    return Needed(*records[key]()["needed"]) if key in records else None


def batches_of(identity: str, records: Records) -> Iterator[Record]:
    """Read the batches that were made by the same models and settings."""
    for key in records:
        if key.startswith(f"{identity}/"):
            yield records[key]()


def face_record(picture: Picture, found: Found) -> Record:
    """Return what is kept of a picture's faces: its arrays stand under its name, maps compressed."""
    return {
        "name": picture.name,
        "digest": picture.digest,
        "size": found.size,
        "original_size": found.original_size,
        "faces": [
            {"box": list(map(float, face.box)), "score": float(face.score), "landmarks": face.landmarks.tolist()}
            for face in found.faces
        ],
        "skin": found.skin,
    }


def packed(maps: np.ndarray) -> np.ndarray:
    """Compress maps: they are nearly all one."""
    return np.frombuffer(zlib.compress(np.ascontiguousarray(maps).tobytes()), np.uint8)


def found_in(identity: str, records: Records, there: Mapping[int, Sequence[Picture]]) -> dict[str, Found]:
    """Return picture -> what is in it; without pictures that are others by now, such as one that was drawn again."""
    digests = {picture.name: picture.digest for some in there.values() for picture in some}
    found = {}
    for record in batches_of(identity, records):
        for place, one in enumerate(record["pictures"]):
            if digests.get(one["name"]) != one["digest"]:
                continue
            faces = [Face(tuple(f["box"]), f["score"], np.array(f["landmarks"], np.float32)) for f in one["faces"]]
            width, height = one["size"]
            raw = np.frombuffer(zlib.decompress(record[f"maps_{place}"].tobytes()), np.uint8)
            maps = raw.reshape(len(faces), height, width)
            found[one["name"]] = Found((width, height), tuple(one["original_size"]), faces, maps, one["skin"])
    return found


def failures_in(identity: str, records: Records) -> dict[str, str]:
    """Return picture -> why nothing could be found in it."""
    found: dict[str, str] = {}
    done: set[str] = set()
    for record in batches_of(identity, records):
        done.update(one["name"] for one in record.get("pictures", []))
        found |= {failure["name"]: failure["reason"] for failure in record["failures"]}
    return {name: reason for name, reason in found.items() if name not in done}
