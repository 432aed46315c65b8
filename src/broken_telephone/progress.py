"""A progress bar for what may be done in a moment: it shows only after two seconds."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import rich
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")
_PATIENCE = 2.0


def track(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Yield the items; once two seconds have passed, show how many of `total` are done and the time left."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=rich.get_console(),
    )
    task = bar.add_task(description, total=total)
    began, shown = time.monotonic(), False
    try:
        for done, item in enumerate(items, start=1):
            yield item
            if shown:
                bar.update(task, completed=done)
            elif time.monotonic() - began > _PATIENCE:
                shown = True
                bar.start()
    finally:
        if shown:
            bar.stop()
