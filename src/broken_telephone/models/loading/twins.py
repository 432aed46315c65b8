"""Copies of a model on the processors, which share their weights. Each works on a part of a batch.

Libraries divide single operations among processors. Small operations then wait for each other more than they compute.
Copies that use a processor each wait once for a whole batch.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from itertools import pairwise
from threading import Barrier
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")
MOST = 4
"""Copies, the model itself included. With many processors, each copy has several."""


class Twins:
    """A model and its copies, with a thread for each."""

    def __init__(self, models: Sequence[Any]) -> None:
        """Start the threads.

        Args:
            models: at least two, which share no state that a pass changes.
        """
        import torch

        self.models = models
        processors = torch.get_num_threads()
        started = Barrier(len(models))

        def begin() -> None:
            # Also the number that threads get which start later: it is set back below.
            torch.set_num_threads(max(processors // len(models), 1))
            started.wait()

        self._threads = ThreadPoolExecutor(len(models), thread_name_prefix="twin")
        for done in [self._threads.submit(begin) for _ in models]:
            done.result()
        torch.set_num_threads(processors)

    def each(self, work: Callable[[Any, T], R], parts: Sequence[T]) -> list[R]:
        """Return the results of `work(model, part)` for at most as many parts as there are models, in their order.

        Raises:
            Exception: what the first part raised of those that failed, when all have ended.
        """
        futures = [self._threads.submit(work, *pair) for pair in zip(self.models, parts, strict=False)]
        for future in futures:
            future.exception()
        return [future.result() for future in futures]

    def release(self) -> None:
        """End the threads."""
        self._threads.shutdown()


def with_copies(model: T, copied: Callable[[T], T], works: Callable[[T], Any]) -> Twins | None:
    """Return a model with as many copies as there are processors, at most four in all.

    Args:
        model: runs on the processors.
        copied: returns a copy, see `shared_copy`.
        works: reads an input of any kind with a model, and returns a tensor.

    Returns:
        None if there is one processor, or if a copy does not give exactly what the model gives.
    """
    import torch

    count = min(MOST, torch.get_num_threads())
    if count < 2:
        return None
    try:
        models = [model, *(copied(model) for _ in range(count - 1))]
        with torch.no_grad():
            expected, *others = [works(one) for one in models]
        if not all(torch.equal(other, expected) for other in others):
            return None
    # A module may refuse to be copied, or hold what a copy cannot share.
    except Exception as error:
        logger.debug("The model works without copies: %s", error)
        return None
    return Twins(models)


def shared_copy(model: Any) -> Any:
    """Return a copy of a torch module with the same weights in memory, and buffers of its own."""
    return deepcopy(model, {id(weights): weights for weights in model.parameters()})


def parts_of(items: Sequence[T], count: int) -> list[Sequence[T]]:
    """Divide items, in their order, into at most so many parts of about equal size; none is empty."""
    count = min(count, len(items))
    ends = [len(items) * part // count for part in range(count + 1)] if items else []
    return [items[begin:end] for begin, end in pairwise(ends)]
