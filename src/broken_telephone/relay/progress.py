"""The progress bar, and the clock behind it and behind the manifest's times."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import rich
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from broken_telephone.relay.plan import Step

_DOING = {"describe": "describing", "draw": "drawing"}


class Clock:
    """Seconds spent loading models, in each phase's model calls, and in total."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.items: Counter[str] = Counter()

    @contextmanager
    def measure(self, what: str, items: int = 0) -> Iterator[None]:
        """Add the time of a block, and the items it finished, to what it was spent on."""
        begin = time.perf_counter()
        yield
        self.seconds[what] += time.perf_counter() - begin
        self.items[what] += items

    def summary(self) -> dict[str, float]:
        """Return seconds by what they were spent on; `around` is everything outside the models."""
        spent = {what: self.seconds[what] for what in ("describe", "draw", "load")}
        around = time.perf_counter() - self.started - sum(spent.values())
        return {what: round(seconds, 3) for what, seconds in (spent | {"around": around}).items()}


class LoopProgress:
    """Shows phase, iteration, chains done in the phase, and the time left for the whole run."""

    def __init__(self, steps: Sequence[Step], iterations: int, clock: Clock) -> None:
        self._left = Counter({(step.iteration, step.phase): len(step.chains) for step in steps})
        self._iterations = iterations
        self._clock = clock
        # Kedro's log handler writes to the same console, so that log lines pass above the bar.
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("chains · {task.fields[left]}"),
            console=rich.get_console(),
        )
        self._task = self._bar.add_task("", left="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, step: Step) -> None:
        """Show the beginning of a step."""
        doing = f"iteration {step.iteration}/{self._iterations} · {_DOING[step.phase]}"
        self._bar.reset(self._task, total=len(step.chains), description=doing, left=self._time_left())

    def advance(self, step: Step) -> None:
        """Count one chain of a step as done."""
        self._left[step.iteration, step.phase] -= 1
        self._bar.update(self._task, advance=1, left=self._time_left())

    def end(self, step: Step) -> None:
        """Count a step as done, with the chains that had stopped before it."""
        self._left[step.iteration, step.phase] = 0

    def _time_left(self) -> str:
        """Estimate from what an item of each phase took so far: the phases differ too much for one rate."""
        seconds = 0.0
        for (_, phase), items in self._left.items():
            if items and not self._clock.items[phase]:
                return "estimating the time left"
            if items:
                seconds += items * self._clock.seconds[phase] / self._clock.items[phase]
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{rest:02} left in all"
