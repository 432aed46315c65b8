"""Carries out what only adds to what is there, step by step: batches are prepared, answered and handed out to be saved.

The loop has a way of its own (`loop/run.py`): there a chain that failed leaves the steps that follow.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from broken_telephone.execution.batch_size import BatchSize
from broken_telephone.execution.batches import Batch, work_through
from broken_telephone.execution.executors import executor
from broken_telephone.execution.interruption import InterruptedRunError, Interruption
from broken_telephone.execution.progress import Step, WorkProgress
from broken_telephone.execution.session import session_record
from broken_telephone.execution.settings import BatchedSettings
from broken_telephone.execution.tasks import Answer
from broken_telephone.models import Model

logger = logging.getLogger(__name__)

Record = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")


class Saved(NamedTuple):
    """What to save now: partition keys and values."""

    batches: Mapping[str, Record] = {}
    sessions: Mapping[str, Record] = {}


class Kept(NamedTuple):
    """What is kept of a batch."""

    key: str
    """Of its partition."""
    record: Record
    """Its `seconds`, if it has any, are the model's."""
    items: int
    """How many it is about."""
    failures: int
    """How many of them failed."""


@dataclass(frozen=True)
class Job(Generic[T, R]):
    """What one step has to do."""

    waiting: Sequence[T]
    """Items, in the order in which batches are cut from them."""
    prepare: Callable[[list[T]], Batch[T, R]]
    """Makes a batch of items."""
    keep: Callable[[Batch[T, R], Answer | None], Kept | None]
    """What is kept of a batch and its answer, see `work_through`; None if nothing is."""


def carry_out(
    jobs: Mapping[Step, Job[Any, Any]],
    settings: BatchedSettings,
    models: Mapping[str, Model],
    doing: Mapping[str, str],
    items: str,
    **about: Any,
) -> Iterator[Saved]:
    """Do all jobs, one after the other.

    Args:
        jobs: by step; steps of one phase share their batch size.
        settings: of the work.
        models: by the names that tasks use.
        doing: phase -> what the progress bar shows.
        items: what it counts, such as "pictures".
        about: what the record of the session says beside.

    Yields:
        The record of this session, then one finished batch at a time, which the caller must save before it asks for
        the next one; nothing if there is nothing to do.

    Raises:
        InterruptedRunError: after a signal, when the batches at work were yielded.
        StudyError: if not even one item fits into memory.
    """
    if not jobs:
        logger.info("All of this is done already: nothing to do")
        return
    sizes = {step.phase: BatchSize(settings.batch) for step in jobs}
    left = {step: len(job.waiting) for step, job in jobs.items()}
    with (
        executor(settings, models) as workers,
        Interruption() as interruption,
        WorkProgress(left, workers.workers, doing, items, workers.loading) as progress,
    ):
        session, record = session_record(settings, {"batch"}, workers.workers, **about)
        yield Saved(sessions={session: record})
        for step, job in jobs.items():
            progress.begin(step)
            for batch, answer in work_through(job.waiting, sizes[step.phase], workers, interruption, job.prepare):
                kept = job.keep(batch, answer)
                if kept is not None:
                    progress.advance(step, kept.items, kept.failures, kept.record.get("seconds", 0))
                    yield Saved(batches={kept.key: {"session": session, **kept.record}})
            progress.end(step)
            if interruption.asked:
                break
    if interruption.asked:
        raise InterruptedRunError("Stopped as asked. Everything done is saved, and the same command goes on from here.")
