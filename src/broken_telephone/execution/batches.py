"""Works through items in batches. It reads the next batch and hands out the last while workers do one.

Batches are always cut from the items in their order, whatever workers and batch sizes there are; a batch that does
not fit into memory is cut anew, smaller.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from broken_telephone.execution.batch_size import BatchSize
from broken_telephone.execution.executors import Executor
from broken_telephone.execution.interruption import Interruption
from broken_telephone.execution.tasks import Answer, Task

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Batch(Generic[T, R]):
    """Items that are worked on together."""

    items: Sequence[T]
    """The items that the model gets."""
    result: R
    """Whatever the caller attaches to the batch, such as failures to open items."""
    task: Task | None
    """The task; None if there are no items."""


def work_through(
    waiting: Sequence[T],
    size: BatchSize,
    workers: Executor,
    interruption: Interruption,
    prepare: Callable[[list[T]], Batch[T, R]],
) -> Iterator[tuple[Batch[T, R], Answer | None]]:
    """Do all waiting items; after a stop signal only finish the batches at work.

    Args:
        waiting: the items, in the order in which batches are cut from them.
        size: of the batches; learns.
        workers: do the tasks.
        interruption: whether to stop.
        prepare: makes a batch of items.

    Yields:
        A batch and its answer; None if nothing was asked, or if what was asked is to be done again in smaller ones
        (then the batch has no items, and only its result counts).

    Raises:
        Exception: what a task or a preparation raised, when what others were working on was yielded.
    """
    queue = deque(range(len(waiting)))
    at_work: dict[Future[Answer], tuple[list[int], Batch[T, R]]] = {}
    error: Exception | None = None
    emptying, lost_seconds = False, 0.0
    while at_work or (queue and error is None and not interruption.asked):
        ending = error is not None or interruption.asked
        emptying = emptying and bool(at_work)
        # One batch waits behind each that is at work; while sizes are tried, none does.
        room = 2 * workers.workers if size.settled else 1
        if queue and len(at_work) < room and not ending and not emptying:
            places = [queue.popleft() for _ in range(min(size.next, len(queue)))]
            try:
                batch = prepare([waiting[place] for place in places])
            except Exception as failure:
                error = failure
                continue
            if batch.task is not None:
                at_work[workers.submit(batch.task)] = places, batch
            else:
                yield batch, None
            continue
        if ending:
            at_work = {future: which for future, which in at_work.items() if not future.cancel()}
        # Not for longer than a moment: a stop may be asked for meanwhile.
        ready = wait(at_work, timeout=0.2, return_when=FIRST_COMPLETED).done
        for future in [future for future in at_work if future in ready]:
            places, batch = at_work.pop(future)
            try:
                answer = future.result()
                if answer.out_of_memory is not None:
                    lost_seconds += answer.load_seconds
                    if size.did_not_fit(len(batch.items), answer.out_of_memory):
                        logger.warning(
                            "%d at once did not fit into memory: %d from here on", len(batch.items), size.next
                        )
            except Exception as failure:
                # What others are working on is handed out before it is raised.
                error = error or failure
                continue
            if answer.out_of_memory is None:
                size.learn(len(batch.items), answer.seconds)
                yield batch, replace(answer, load_seconds=answer.load_seconds + lost_seconds)
                lost_seconds = 0.0
                continue
            # Batches are cut anew when none is at work, so that they follow the order of the items.
            emptying = True
            queue = deque(sorted([*(place for place in places if waiting[place] in batch.items), *queue]))
            yield replace(batch, items=(), task=None), None
    if error is not None:
        raise error
