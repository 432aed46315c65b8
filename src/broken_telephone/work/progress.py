"""The progress bar: iteration and phase, items a second, failures, and the time left for the whole run."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

import rich
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


class Step(NamedTuple):
    """One phase of one iteration."""

    iteration: int
    phase: str


class WorkProgress:
    """Shows how far a run is."""

    def __init__(self, left: Mapping[Step, int], workers: int, doing: Mapping[str, str], items: str) -> None:
        """Start a bar.

        Args:
            left: how many items every step is to do.
            workers: that work at once.
            doing: phase -> what is shown.
            items: what is counted, such as "chains".
        """
        self._doing, self._what = doing, items
        self._left = Counter(left)
        self._workers = workers
        self._iterations = max(step.iteration for step in left)
        self._items: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._failures = 0
        # Kedro's log handler writes to the same console, so that log lines pass above the bar.
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rest]}"),
            console=rich.get_console(),
        )
        self._task = self._bar.add_task("", rest="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, step: Step) -> None:
        """Show the beginning of a step."""
        doing = f"iteration {step.iteration}/{self._iterations} · {self._doing[step.phase]}"
        self._bar.reset(self._task, total=self._left[step], description=doing, rest=self._rest(step))

    def advance(self, step: Step, items: int, failures: int, seconds: float) -> None:
        """Count a batch as done: its items, how many of them failed, and the model's time."""
        self._left[step] = max(0, self._left[step] - items)
        if seconds:
            self._items[step.phase] += items
            self._seconds[step.phase] += seconds / self._workers
        self._failures += failures
        self._bar.update(self._task, advance=items, rest=self._rest(step))

    def end(self, step: Step) -> None:
        """Count a step as done, with the chains that had stopped before it."""
        self._left[step] = 0

    def _rest(self, step: Step) -> str:
        words = [self._what, self._time_left()]
        if seconds := self._seconds[step.phase]:
            words.insert(1, f"{self._items[step.phase] / seconds:.2g}/s")
        if self._failures:
            words.append(f"{self._failures} failed")
        return " · ".join(words)

    def _time_left(self) -> str:
        """Estimate from what an item of each phase took so far: the phases differ too much for one rate."""
        seconds = 0.0
        for (_, phase), items in self._left.items():
            if items and not self._items[phase]:
                return "estimating the time left"
            if items:
                seconds += items * self._seconds[phase] / self._items[phase]
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{rest:02} left in all"
