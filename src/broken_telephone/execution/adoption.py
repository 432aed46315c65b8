"""Adopts batches of another study that this study would make itself, byte for byte.

A batch is adopted only if everything that its results depend on is equal: model, settings, prompt, the items of the
batch and the digests of their inputs, device, dtype and versions of the libraries. Otherwise this study makes it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from broken_telephone.execution.journal import Record, Records
from broken_telephone.execution.library_versions import versions
from broken_telephone.models import Model

logger = logging.getLogger(__name__)

ADOPTED_FROM = "adopted_from"
"""The entry of a record that names the study that made it."""

T = TypeVar("T")


@dataclass(frozen=True)
class Donor:
    """Another study, whose batches may be adopted."""

    study: str
    loop_settings: Mapping[str, Any]
    """As sealed."""
    batches: Records
    """The journal of one stage."""
    sessions: Records
    """The records of that stage's runs."""


@dataclass(frozen=True)
class Adoptable:
    """How a phase finds its batches in other studies."""

    model: Model
    identity_in: Callable[[Mapping[str, Any]], str]
    """Returns the identity that the phase has in a study with these loop settings."""
    is_alike: Callable[[Donor], bool] = lambda _: True
    """Returns whether whatever else results depend on is equal in the other study."""


@dataclass
class Adoptions:
    """Counts what was adopted, and why other batches were not."""

    counted: str
    """What is counted, such as "pictures"."""
    adopted: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def accept(self, donor: Donor, record: Record, model: Model, items: int) -> bool:
        """Return whether a batch with the right items was made as it would be made here, and count it."""
        reason = difference(donor, record, model)
        if reason is None:
            self.adopted[record.get(ADOPTED_FROM, donor.study)] += items
            return True
        self.refused[donor.study, reason] += items
        return False

    def tell(self) -> None:
        """Log the counts."""
        for study, count in self.adopted.items():
            logger.info("%d %s adopted from the study %s, which made them alike", count, self.counted, study)
        for (study, reason), count in self.refused.items():
            logger.info("%d %s of the study %s are not adopted: %s", count, self.counted, study, reason)


def difference(donor: Donor, record: Record, model: Model) -> str | None:
    """Return what differs between the making of a batch there and here, in words; None if nothing does.

    Args:
        donor: the other study.
        record: of the batch.
        model: the present study's.
    """
    if not getattr(model, "is_repeatable", False):
        return f"{model.name} may answer differently each time"
    made_by, now = donor.sessions[record["session"]]()["versions"], versions()
    if other := sorted(name for name in made_by.keys() | now if made_by.get(name) != now.get(name)):
        return "other versions of " + ", ".join(f"{name} ({made_by.get(name)}, now {now.get(name)})" for name in other)
    if record.get("device") != model.device:
        return f"made on the device {record.get('device')}, now {model.device}"
    there, here = record.get("resolved"), dict(model.resolved())
    if there != here:
        return f"made with {there}, now {here}"
    return None


def in_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the batches that are cut from items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def counts_of(records: Iterable[Record], items: Callable[[Record], int]) -> dict[str, int]:
    """Return study -> number of items that were adopted from it.

    Args:
        records: of a journal.
        items: how many a record has.
    """
    counts: Counter[str] = Counter()
    for record in records:
        if ADOPTED_FROM in record and items(record):
            counts[record[ADOPTED_FROM]] += items(record)
    return dict(counts)
