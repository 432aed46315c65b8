"""Shows progress: a bar on a terminal, and a plain line at intervals in a log file."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

import rich
from rich.progress import BarColumn, Progress, TextColumn

from broken_telephone.console import TIME_FORMAT, is_terminal, say
from broken_telephone.visible import shortened

T = TypeVar("T")
PATIENCE = 2.0
"""Seconds before `track` shows progress."""
FIRST, EVERY = 5.0, 30.0
"""Seconds until the first plain line, and between further lines."""
_REDRAWN = 0.1
_LONGEST = 80


class Display:
    """Shows the progress of one step after another inside a `with` block. A thread draws, so counting is cheap.

    Of several nested displays, only the innermost is shown.
    """

    _entered: ClassVar[list["Display"]] = []

    def __init__(
        self, items: str = "", words: Callable[[], Sequence[str]] | None = None, patience: float = 0.0
    ) -> None:
        """Set up the display.

        Args:
            items: name of the counted items, such as "chains".
            words: returns the texts behind the counts, called in the display's thread. Default: rate and time left.
            patience: seconds before a step is shown.
        """
        self._items, self._patience = items, patience
        self._words = words or self._pace
        self._description, self._done, self._total = "", 0, 0
        self._began = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._entered.append(self)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self._entered.remove(self)

    def begin(self, description: str, total: int) -> None:
        """Begin a step with a total number of items; 0 if the number is unknown."""
        self._description = shortened(description, _LONGEST)
        self._done, self._total, self._began = 0, total, time.monotonic()

    def advance(self, items: int = 1) -> None:
        """Add finished items."""
        self._done += items

    def end(self) -> None:
        """End a step, and write its last line to a log file."""
        if self._total and not is_terminal() and self._seconds >= self._patience:
            self._print()

    def line(self) -> str:
        """Return the step, counts, rate and time left in one line."""
        counts = f"{self._done:,} of {self._total:,} {self._items}".rstrip()
        return f"{self._description}: " + ", ".join([*([counts] if self._total else []), *self._words()])

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def _is_due(self) -> bool:
        return self is self._entered[-1] and self._seconds >= self._patience

    def _watch(self) -> None:
        if is_terminal():
            self._draw()
            return
        wait = FIRST
        while not self._over.wait(wait):
            if self._is_due:
                self._print()
            wait = EVERY

    def _print(self) -> None:
        say(f"{datetime.now():{TIME_FORMAT}} {self.line()}")

    def _draw(self) -> None:
        # The bar shares the console with log lines, so that they appear above it.
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[rest]}", markup=False),
            console=rich.get_console(),
            auto_refresh=False,
        )
        task = bar.add_task("", rest="")
        over = False
        while not over:
            over = self._over.wait(_REDRAWN)
            if not self._is_due:
                bar.stop()
                continue
            bar.start()
            # A step without a total leaves no bar on the screen.
            bar.live.transient = not self._total
            counts = f"{self._done:,}/{self._total:,} {self._items}".rstrip()
            bar.update(
                task,
                description=self._description,
                completed=self._done,
                total=self._total or None,
                rest=", ".join([*([counts] if self._total else []), *self._words()]),
                refresh=True,
            )
        bar.stop()

    def _pace(self) -> list[str]:
        seconds = self._seconds
        if not self._total:
            return [f"running for {duration(seconds)}"]
        if self._done == 0 or seconds == 0:
            return []
        left = duration((self._total - self._done) * seconds / self._done) + " left"
        return [pace(self._done / seconds), left if self._done < self._total else f"took {duration(seconds)}"]


def track(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Yield the items. After `PATIENCE` seconds, show how many of `total` are done, the rate and the time left."""
    with Display(patience=PATIENCE) as display:
        display.begin(description, total)
        for item in items:
            yield item
            display.advance()
        display.end()


def with_progress(description: str) -> Callable[[Callable[..., Any], list[Any]], Iterator[Any]]:
    """Return a `map` that uses threads, because numpy releases the interpreter lock, and that shows progress."""

    def each(function: Callable[..., Any], items: list[Any]) -> Iterator[Any]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            yield from track(pool.map(function, items), description, len(items))

    return each


def pace(rate: float) -> str:
    """Format a rate in items a second, such as `0.31/s` or `1,200/s`."""
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"


def duration(seconds: float) -> str:
    """Format seconds as hours, minutes and seconds, such as `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
