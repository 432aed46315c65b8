"""Prepares the next input while a model works on the present one."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_NOTHING = object()


def one_ahead(items: Iterable[T], prepare: Callable[[T], R]) -> Iterator[R]:
    """Yield prepared items in their order. While one is used, a thread takes and prepares the next.

    So there are never more than two prepared items. What `items` or `prepare` raises is raised here, in its turn.
    """
    source = iter(items)

    def next_one() -> R | object:
        for item in source:
            return prepare(item)
        return _NOTHING

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        following = thread.submit(next_one)
        while (prepared := following.result()) is not _NOTHING:
            following = thread.submit(next_one)
            yield prepared  # type: ignore[misc]
