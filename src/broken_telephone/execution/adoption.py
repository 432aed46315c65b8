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
from broken_telephone.execution.settings import WorkSettings
from broken_telephone.models import Model

logger = logging.getLogger(__name__)

ADOPTED_FROM = "adopted_from"
"""The entry of a record that names the study that made it."""
OTHER_BATCH = "no batch there has the same items, inputs and settings"
"""Why a batch is not adopted."""

T = TypeVar("T")
Adopted = TypeVar("Adopted")


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

    def accept(self, donor: Donor, record: Record, items: int) -> None:
        """Count the items of a batch that is adopted."""
        self.adopted[record.get(ADOPTED_FROM, donor.study)] += items

    def refuse(self, reasons: Mapping[str, str], items: int) -> None:
        """Count the items of a batch that no study has.

        Args:
            reasons: study -> why its batch is not adopted.
            items: how many the batch has.
        """
        for study, reason in reasons.items():
            self.refused[study, reason] += items

    def log_counts(self) -> None:
        """Log how many items were adopted, and why others were not."""
        for study, count in self.adopted.items():
            logger.info("%d %s adopted from the study %s, which made them alike", count, self.counted, study)
        for (study, reason), count in self.refused.items():
            logger.info("%d %s are not adopted from the study %s: %s", count, self.counted, study, reason)


def obstacle(settings: WorkSettings, batch: str) -> str | None:
    """Return why a run with these settings adopts nothing, in words; None if it may adopt.

    Args:
        settings: of the work.
        batch: the name of the setting of the batch size.
    """
    if settings.executor == "ray":
        return f"{settings.group}.executor is ray, and the workers may have other devices than this process"
    if not isinstance(getattr(settings, batch), int):
        return f"{settings.group}.{batch} is auto, so that batches differ from run to run"
    return None


def difference(donor: Donor, record: Record, model: Model) -> str | None:
    """Return how another study made a batch differently than this study would, in words; None if it did not.

    Args:
        donor: the other study.
        record: of the batch.
        model: the present study's.
    """
    if not getattr(model, "is_repeatable", False):
        return f"{model.name} may answer differently each time"
    if record["session"] not in donor.sessions:
        return f"the record of the run that made them is missing ({record['session']})"
    made_by, now = donor.sessions[record["session"]]()["versions"], versions()
    if other := sorted(name for name in made_by.keys() | now if made_by.get(name) != now.get(name)):
        return "other versions of " + ", ".join(f"{name} ({made_by.get(name)}, now {now.get(name)})" for name in other)
    if record.get("device") != model.device:
        return f"made on the device {record.get('device')}, now {model.device}"
    made_with, now_with = record.get("resolved"), dict(model.resolved())
    if made_with != now_with:
        return f"made with {made_with}, now {now_with}"
    return None


def in_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the batches that are cut from items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def adopted_batches(
    items: Sequence[T], size: int, find: Callable[[Sequence[T]], Adopted | None]
) -> Iterator[tuple[Sequence[T], Adopted]]:
    """Yield the batches that other studies made and that this run would cut, each with what `find` returns for it.

    Args:
        items: that wait.
        size: of a batch.
        find: returns what another study made of a batch, or None.
    """
    for batch in in_batches(items, size):
        adopted = find(batch)
        if adopted is not None:
            yield batch, adopted


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
