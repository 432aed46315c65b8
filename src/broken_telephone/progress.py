"""How far something is: a bar on a terminal; in a log file a plain line every so often."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Self, TypeVar

import rich
from rich.progress import BarColumn, Progress, TextColumn

from broken_telephone.console import WHEN, is_terminal, say
from broken_telephone.visible import shortened

T = TypeVar("T")
PATIENCE = 2.0
"""Seconds after which `track` shows anything."""
FIRST, EVERY = 5.0, 30.0
"""Seconds until the first plain line, and between the others."""
_REDRAWN = 0.1
_LONGEST = 80


class Display:
    """Shows one step after another, while it is entered. Counting costs nothing: a thread does the showing.

    Of several at a time only the one that was entered last is shown.
    """

    _entered: ClassVar[list["Display"]] = []

    def __init__(
        self, items: str = "", words: Callable[[], Sequence[str]] | None = None, patience: float = 0.0
    ) -> None:
        """Set up what is shown.

        Args:
            items: what is counted, such as "chains".
            words: what stands behind the counts, asked for in the display's thread; without it, rate and time left.
            patience: seconds that a step may take without being shown.
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
        """Begin a step of so many items; of none, if nobody can count them."""
        self._description = shortened(description, _LONGEST)
        self._done, self._total, self._began = 0, total, time.monotonic()

    def advance(self, items: int = 1) -> None:
        """Count items as done."""
        self._done += items

    def end(self) -> None:
        """End a step, which a log file is told of."""
        if self._total and not is_terminal() and self._seconds >= self._patience:
            self._print()

    def line(self) -> str:
        """Return step, counts, rate and time left in one line."""
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
        say(f"{datetime.now():{WHEN}} {self.line()}")

    def _draw(self) -> None:
        # Log lines go to the same console, so that they pass above the bar.
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
            # What nobody can count leaves no bar behind.
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
    """Yield the items; once two seconds have passed, show how many of `total` are done, the rate and the time left."""
    with Display(patience=PATIENCE) as display:
        display.begin(description, total)
        for item in items:
            yield item
            display.advance()
        display.end()


def pace(rate: float) -> str:
    """Write how many items are done in a second, such as `0.31/s` and `1,200/s`."""
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"


def duration(seconds: float) -> str:
    """Write a time as hours, minutes and seconds, such as `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
