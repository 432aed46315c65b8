"""The journal of a stage: one record per batch, written when everything of the batch is saved.

An entry of a record states the digest of what its item was made from, and counts as long as the item still has it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from broken_telephone.models.endpoints.costs import total
from broken_telephone.models.failures import MODEL_ERROR
from broken_telephone.seeds import digest

Record = dict[str, Any]
Records = Mapping[str, Callable[[], Record]]
"""Key -> function that reads the record."""
UNREADABLE = "unreadable image"
TRIED_AGAIN = frozenset({UNREADABLE, MODEL_ERROR})
"""Kinds of failure after which the next run tries again: a file, a model or its library may have been mended."""


class Item(Protocol):
    """Something that a model is asked about."""

    @property
    def name(self) -> str:
        """The name of the item in the journal."""
        ...

    @property
    def digest(self) -> str:
        """The digest of what the item is made from."""
        ...


class Entry(NamedTuple):
    """The result or the failure of one item in a record."""

    name: str
    digest: str | None = None
    """The digest of the input of the item; None where the name itself is such a digest."""
    result: Any = None
    failure: Record | None = None
    """Kind and reason."""
    level: int = 1
    """How much was done; of two results the one of the higher level counts."""

    @property
    def is_done(self) -> bool:
        """Whether the item need not be tried again."""
        return self.failure is None or self.failure["kind"] not in TRIED_AGAIN


def record_key(folder: str, names: Iterable[str]) -> str:
    """Return the key of a batch's record, from the names of its items."""
    return f"{folder}/{digest(*names, size=8)}"


def records_of(identity: str, records: Records) -> Iterator[Record]:
    """Read the records that the same models and settings made."""
    return (records[key]() for key in records if key.startswith(f"{identity}/"))


def seconds_in(batches: Iterable[Record]) -> float:
    """Return the seconds that models took for some batches, rounded to milliseconds."""
    return round(sum(record.get("seconds", 0.0) for record in batches), 3)


def costs_in(batches: Iterable[Record]) -> dict[str, dict[str, float]]:
    """Return `{"costs": ...}` with what the requests of some batches cost; nothing if there were none."""
    costs = total(record["costs"] for record in batches if record.get("costs"))
    return {"costs": costs} if costs else {}


def failed_items(record: Record) -> Iterator[Entry]:
    """Yield the failures that a record lists by name."""
    return (Entry(failure["name"], failure.get("digest"), failure=failure) for failure in record["failures"])


def results_of(known: Mapping[str, Entry]) -> dict[str, Any]:
    """Return item -> its result, for items that have one."""
    return {name: entry.result for name, entry in known.items() if entry.result is not None}


def known_items(entries: Iterable[Entry], items: Mapping[int, Sequence[Item]] | None = None) -> dict[str, Entry]:
    """Return item -> what the journal says about it.

    Args:
        entries: of all records, in the journal's order. A result counts more than a failure to be tried again.
        items: by iteration; entries about an item that has another digest now are left out. Without items all count.
    """
    digests = {} if items is None else {item.name: item.digest for some in items.values() for item in some}
    known: dict[str, Entry] = {}
    for entry in entries:
        if items is None or entry.digest is None or digests.get(entry.name) == entry.digest:
            earlier = known.get(entry.name)
            if earlier is None or not earlier.is_done or entry.level > earlier.level:
                known[entry.name] = entry
    return known
