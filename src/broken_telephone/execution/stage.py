"""A stage that resumes: it asks models about items in batches, without those that the journal lists as done.

Annotation, similarity and explainability state their phases; everything else is the same for all. The loop has an
order of its own (`loop/run.py`): there a chain that failed leaves the steps that follow.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from broken_telephone.errors import UnreadableError
from broken_telephone.execution.adoption import (
    ADOPTED_FROM,
    OTHER_BATCH,
    Adoptable,
    Adoptions,
    Donor,
    adopted_batches,
    difference,
    obstacle,
)
from broken_telephone.execution.batch_size import BatchSize
from broken_telephone.execution.batches import Batch, work_through
from broken_telephone.execution.executors import Executor, executor
from broken_telephone.execution.interruption import InterruptedRunError, Interruption
from broken_telephone.execution.journal import (
    UNREADABLE,
    Entry,
    Item,
    Record,
    Records,
    known_items,
    record_key,
    records_of,
)
from broken_telephone.execution.progress import Step, WorkProgress
from broken_telephone.execution.session import Session
from broken_telephone.execution.settings import BatchedSettings
from broken_telephone.execution.tasks import Answer, Check, Task, recorded
from broken_telephone.models import Model
from broken_telephone.models.endpoints.costs import total

logger = logging.getLogger(__name__)

_NEVER_TRIED = Entry("", level=0)

A = TypeVar("A")
C = TypeVar("C")
T = TypeVar("T", bound=Item)


class Output(NamedTuple):
    """Records to be saved now, by key."""

    batches: Mapping[str, Record] = {}
    sessions: Mapping[str, Record] = {}


@dataclass(frozen=True)
class Phase(Generic[T, C]):
    """One question that a stage asks a model about each item."""

    name: str
    """The name of its steps."""
    doing: str
    """The text of the progress bar."""
    identity: str
    """A name and a digest of everything that results depend on. Records of other identities stand beside."""
    items: Mapping[int, Sequence[T]]
    """Items by iteration, in the order in which batches are cut from them."""
    open: Callable[[T], C]
    """Returns what the model gets of an item; may raise `UnreadableError`."""
    task: Callable[[list[C]], Task]
    """Returns what the model is asked about opened items."""
    record: Callable[[Sequence[T], Answer | None, list[Record]], Record]
    """Returns the record of a batch: of the items, the answer (None without items), and failures to open others, each
    with name, digest, kind and reason."""
    entries: Callable[[Iterable[Record]], Iterable[Entry]]
    """Reads entries from such records."""
    level: Callable[[T], int] = lambda _: 1
    """Returns the level from which an item counts as done (`Entry.level`)."""
    needs: tuple[Check, str] | None = None
    """A check of its model, and the ability without which the phase is left out."""
    adoptable: Adoptable | None = None
    """How batches of other studies are found; None: none is adopted."""

    def waiting(self, records: Records) -> dict[Step, list[T]]:
        """Return the items that are not done, by step; last those that failed before, which no batch waited for."""
        known = known_items(self.entries(records_of(self.identity, records)), self.items)

        def entry_of(item: T) -> Entry:
            return known.get(item.name, _NEVER_TRIED)

        steps = {}
        for iteration, items in self.items.items():
            left = [item for item in items if not entry_of(item).is_done or entry_of(item).level < self.level(item)]
            if left:
                steps[Step(iteration, self.name)] = sorted(left, key=lambda item: not entry_of(item).is_done)
        return steps

    def made_by(self, donor: Donor, iteration: int, items: Sequence[T]) -> Record | None:
        """Return the record of another study's batch of exactly these items; None if there is none."""
        assert self.adoptable is not None
        identity = self.adoptable.identity_in(donor.loop_settings)
        key = record_key(f"{identity}/{iteration:03}", [item.name for item in items])
        if key not in donor.batches or not self.adoptable.is_alike(donor):
            return None
        record = donor.batches[key]()
        entries = {entry.name: entry for entry in self.entries([record])}
        if entries.keys() != {item.name for item in items}:
            return None
        return record if all(self._is_made(item, entries[item.name]) for item in items) else None

    def _is_made(self, item: T, entry: Entry) -> bool:
        """Return whether an entry has what this study asks for, made from the present input."""
        same_level = entry.result is None or entry.level == self.level(item)
        return entry.is_done and entry.digest in (None, item.digest) and same_level

    def batch(self, items: list[T]) -> Batch[T, list[Record]]:
        """Open items, and say what the model is asked about those that open."""
        opened, contents, unopened = open_items(items, self.open)
        failures = [
            {"name": item.name, "digest": item.digest, "kind": UNREADABLE, "reason": reason}
            for item, reason in unopened
        ]
        return Batch(opened, failures, self.task(contents) if opened else None)


def open_items(items: Iterable[A], open_one: Callable[[A], C]) -> tuple[list[A], list[C], list[tuple[A, str]]]:
    """Return the items that open, what they open to, and the others with the reason."""
    opened, contents, unopened = [], [], []
    for item in items:
        try:
            contents.append(open_one(item))
            opened.append(item)
        except UnreadableError as error:
            unopened.append((item, str(error)))
    return opened, contents, unopened


def run_stage(
    phases: Sequence[Phase[Any, Any]],
    records: Records,
    settings: BatchedSettings,
    models: Mapping[str, Model],
    counted: str,
    donors: Sequence[Donor] = (),
    **about: Any,
) -> Iterator[Output]:
    """Do everything that is not done yet, one phase after the other, so that each model is loaded once.

    Args:
        phases: in their order.
        records: the journal.
        settings: of the work.
        models: by the names that tasks use.
        counted: what the progress bar counts, such as "pictures".
        donors: other studies, whose equal batches are adopted.
        about: what the record of the session says beside.

    Yields:
        The record of this session, then one finished batch at a time, which the caller must save before it asks for
        the next one; a single empty output if there is nothing to do.

    Raises:
        InterruptedRunError: after a signal, when the batches at work were yielded.
        StudyError: if not even one item fits into memory.
    """
    if donors:
        yield from _adopt(phases, records, settings, counted, donors)
    left = {step: (phase, items) for phase in phases for step, items in phase.waiting(records).items()}
    if not left:
        if any(items for phase in phases for items in phase.items.values()):
            logger.info("All of this is done already: nothing to do")
        yield Output()
        return
    sizes = {phase.name: BatchSize(settings.batch) for phase in phases}
    counts = {step: len(items) for step, (_, items) in left.items()}
    doing = {phase.name: phase.doing for phase in phases}
    with (
        executor(settings, models) as workers,
        Interruption() as interruption,
        WorkProgress(counts, workers.workers, doing, counted, workers.loading) as progress,
    ):
        session = Session(settings, {"batch"}, workers.workers, **about)
        yield Output(sessions={session.key: session.record})
        abilities = _Abilities(workers)
        for step, (phase, items) in left.items():
            progress.begin(step)
            lacks = abilities.lacks(phase)
            if abilities.take_news():
                session.record |= abilities.record
                yield Output(sessions={session.key: session.record})
            if lacks:
                progress.end(step)
                continue
            for batch, answer in work_through(items, sizes[phase.name], workers, interruption, phase.batch):
                names = [*(item.name for item in batch.items), *(failure["name"] for failure in batch.result)]
                if names:
                    taken = {} if answer is None else answer.taken(len(batch.items))
                    record = phase.record(batch.items, answer, batch.result) | taken
                    failures = sum(entry.failure is not None for entry in phase.entries([record]))
                    progress.advance(step, len(names), failures, 0.0 if answer is None else answer.seconds)
                    key = record_key(f"{phase.identity}/{step.iteration:03}", names)
                    yield Output(batches={key: {"session": session.key, **record}})
            progress.end(step)
            if interruption.asked:
                break
    if interruption.asked:
        raise InterruptedRunError("Stopped as asked. Everything done is saved, and the same command goes on from here.")


class _Abilities:
    """Knows which phases are left out, because their model cannot do what they need."""

    def __init__(self, workers: Executor) -> None:
        self._workers = workers
        self._findings: dict[str, dict[str, str]] = {}
        """Phase -> what the check of its model found."""
        self._costs: dict[str, dict[str, float]] = {}
        """Identity of a phase -> what the requests of its checks cost."""
        self._lacking: dict[str, bool] = {}
        self._has_news = False

    @property
    def record(self) -> Record:
        """What the record of the session says: `checks`, and `check_costs` if requests were sent."""
        costs = {"check_costs": dict(self._costs)} if self._costs else {}
        return {"checks": dict(self._findings), **costs}

    def take_news(self) -> bool:
        """Return whether the record has changed since the last call."""
        has_news, self._has_news = self._has_news, False
        return has_news

    def lacks(self, phase: Phase[Any, Any]) -> bool:
        """Return whether a phase is left out; its first step checks the model, and says so.

        A check that ran out of memory decides nothing: the phase goes on, and its next step checks again.
        """
        if phase.needs is None:
            return False
        if phase.name not in self._lacking:
            check, ability = phase.needs
            answer = self._workers.submit(check).result()
            if answer.costs:
                self._costs[phase.identity] = total([self._costs.get(phase.identity, {}), answer.costs])
                self._has_news = True
            if answer.out_of_memory is not None:
                if phase.name not in self._findings:
                    logger.warning(
                        "Memory ran out before the check of the model was done: %s goes on without it", phase.doing
                    )
                self._note(phase, {ability: f"not checked, memory ran out: {answer.out_of_memory}"})
                return False
            if answer.findings:
                self._note(phase, recorded(answer.findings))
            lacking = [finding for finding in answer.findings if finding.ability == ability and not finding.works]
            self._lacking[phase.name] = bool(lacking)
            if lacking:
                logger.warning("Left out: %s. The model cannot: %s", phase.doing, lacking[0].note)
        return self._lacking[phase.name]

    def _note(self, phase: Phase[Any, Any], findings: dict[str, str]) -> None:
        self._findings[phase.name] = findings
        self._has_news = True


def _adopt(
    phases: Sequence[Phase[Any, Any]],
    records: Records,
    settings: BatchedSettings,
    counted: str,
    donors: Sequence[Donor],
) -> Iterator[Output]:
    """Adopt the batches of other studies that this run would cut and make."""
    reason = obstacle(settings, "batch")
    if reason is not None:
        logger.info("Nothing is adopted: %s", reason)
        return
    adoptions, session = Adoptions(counted), None
    for phase in phases:
        if phase.adoptable is None:
            continue
        for step, items in phase.waiting(records).items():
            find = partial(_adopted, phase, step.iteration, donors, adoptions)
            for batch, record in adopted_batches(items, int(settings.batch), find):
                if session is None:
                    session = Session(settings, {"batch"}, 0, ending="_adopted", adopted=True)
                    yield Output(sessions={session.key: session.record})
                key = record_key(f"{phase.identity}/{step.iteration:03}", [item.name for item in batch])
                yield Output(batches={key: {**record, "session": session.key}})
    adoptions.log_counts()


def _adopted(
    phase: Phase[T, Any], iteration: int, donors: Sequence[Donor], adoptions: Adoptions, items: Sequence[T]
) -> Record | None:
    assert phase.adoptable is not None
    reasons = {}
    for donor in donors:
        record = phase.made_by(donor, iteration, items)
        reason = OTHER_BATCH if record is None else difference(donor, record, phase.adoptable.model)
        if record is not None and reason is None:
            adoptions.accept(donor, record, len(items))
            return {ADOPTED_FROM: donor.study, **record}
        reasons[donor.study] = str(reason)
    adoptions.refuse(reasons, len(items))
    return None
