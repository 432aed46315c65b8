"""Keeps what a journal states in little memory: digests as bytes, and rows compressed. Pure."""

import json
import re
import zlib
from array import array
from functools import lru_cache
from typing import Any, NamedTuple

from broken_telephone.errors import StudyError
from broken_telephone.execution.journal import Record

_DIGEST = 16
"""Bytes of a digest."""
_PACKED = 256
"""Rows that are compressed together."""
_UNPACKED = 64
"""Packs whose rows stay at hand: a block of chains has rows of many iterations and shards."""


class StepResult(NamedTuple):
    """The result of one step for one chain."""

    digest: str
    made_from: str | None
    adopted_from: str | None = None
    """The study that made it, if not this one."""


class Digests:
    """Digests by number: each takes 16 bytes, and 96 as a text."""

    def __init__(self) -> None:
        self._content = bytearray()

    def __getitem__(self, number: int) -> str | None:
        """Return a digest; None if there is none."""
        own = self._content[_DIGEST * number : _DIGEST * (number + 1)]
        return own.hex() if any(own) else None

    def __setitem__(self, number: int, digest: str | None) -> None:
        """Set a digest; None takes it away.

        Raises:
            StudyError: if it is no digest.
        """
        begin, end = _DIGEST * number, _DIGEST * (number + 1)
        content = bytes(_DIGEST) if digest is None else _as_bytes(digest)
        self._content.extend(bytes(max(0, end - len(self._content))))
        self._content[begin:end] = content


def _as_bytes(digest: str) -> bytes:
    if not re.fullmatch(f"[0-9a-f]{{{2 * _DIGEST}}}", digest):
        raise StudyError(
            f"A record of the loop has the digest {digest!r} instead of {2 * _DIGEST} hexadecimal digits. Somebody "
            "edited or damaged the records (loop_batches)"
        )
    return bytes.fromhex(digest)


class StepResults:
    """The results of one step, by the number of their chain."""

    def __init__(self) -> None:
        self.digests = Digests()
        self._made_from = Digests()
        self._studies: dict[int, str] = {}

    def get(self, number: int) -> StepResult | None:
        """Return a result; None if there is none."""
        digest = self.digests[number]
        return None if digest is None else StepResult(digest, self._made_from[number], self._studies.get(number))

    def put(self, number: int, result: StepResult) -> None:
        """Add a result, or replace it."""
        self.digests[number], self._made_from[number] = result.digest, result.made_from
        self._studies.pop(number, None)
        if result.adopted_from is not None:
            self._studies[number] = result.adopted_from

    def pop(self, number: int) -> StepResult | None:
        """Take a result away, and return it."""
        result = self.get(number)
        if result is not None:
            self.digests[number] = None
        return result


def pack(data: Any) -> bytes:
    """Compress what JSON can state."""
    return zlib.compress(json.dumps(data).encode(), 1)


def unpack(content: bytes) -> Any:
    """Return what was compressed."""
    return json.loads(zlib.decompress(content))


class Rows:
    """Rows by iteration and number of their chain, compressed in the order in which they come."""

    def __init__(self) -> None:
        self._packs: list[bytes] = []
        self._last: list[Record] = []
        self._places: dict[int, array[int]] = {}
        """Iteration -> place of each chain's row among all that came; -1 without one."""
        # No method of this object: the cycle would keep it in memory after its use.
        self._unpacked = lru_cache(_UNPACKED)(unpack)

    def put(self, iteration: int, number: int, row: Record) -> None:
        """Add a row, or replace it."""
        places = self._places.setdefault(iteration, array("q"))
        places.extend([-1] * (number + 1 - len(places)))
        places[number] = _PACKED * len(self._packs) + len(self._last)
        self._last.append(row)
        if len(self._last) == _PACKED:
            self._packs.append(pack(self._last))
            self._last = []

    def get(self, iteration: int, number: int) -> Record | None:
        """Return a copy of a row; None if there is none."""
        if not self.has(iteration, number):
            return None
        pack_number, place = divmod(self._places[iteration][number], _PACKED)
        rows: list[Record] = self._last if pack_number == len(self._packs) else self._unpacked(self._packs[pack_number])
        return rows[place].copy()

    def has(self, iteration: int, number: int) -> bool:
        """Return whether there is a row."""
        places = self._places.get(iteration, ())
        return 0 <= number < len(places) and places[number] >= 0

    @property
    def iterations(self) -> list[int]:
        """The iterations with any rows, in order."""
        return sorted(self._places)
