"""Shows the progress of a run: iteration, phase, items per second, failures, and the time left."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple, Self

from broken_telephone.progress import Display, duration, pace


class Step(NamedTuple):
    """One phase of one iteration."""

    iteration: int
    phase: str


class WorkProgress:
    """Shows how far a run is."""

    def __init__(
        self,
        left: Mapping[Step, int],
        workers: int,
        doing: Mapping[str, str],
        items: str,
        loading: Callable[[], str | None],
    ) -> None:
        """Set up the display.

        Args:
            left: how many items every step is to do.
            workers: that work at once.
            doing: phase -> what is shown.
            items: what is counted, such as "chains".
            loading: returns the name of the model that is being loaded, or None (`Executor.loading`).
        """
        self._doing, self._loading = doing, loading
        self._left = Counter(left)
        self._workers = workers
        self._iterations = max(step.iteration for step in left)
        self._items: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._failures = 0
        self._phase = ""
        self._display = Display(items, self._words)

    def __enter__(self) -> Self:
        self._display.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._display.__exit__()

    def begin(self, step: Step) -> None:
        """Show the beginning of a step."""
        self._phase = step.phase
        doing = f"iteration {step.iteration}/{self._iterations}, {self._doing[step.phase]}"
        self._display.begin(doing, self._left[step])

    def advance(self, step: Step, items: int, failures: int, seconds: float) -> None:
        """Count a batch as done: its items, how many of them failed, and the model's time."""
        self._left[step] = max(0, self._left[step] - items)
        if seconds:
            # In this order, because the display's thread divides by the items.
            self._seconds[step.phase] = self._seconds.get(step.phase, 0.0) + seconds / self._workers
            self._items[step.phase] += items
        self._failures += failures
        self._display.advance(items)

    def end(self, step: Step) -> None:
        """Count a step as done, with the chains that had stopped before it."""
        self._left[step] = 0
        self._display.end()

    def _words(self) -> list[str]:
        words = []
        if model := self._loading():
            words.append(f"loading the {model}")
        if seconds := self._seconds.get(self._phase):
            words.append(pace(self._items[self._phase] / seconds))
        if self._failures:
            words.append(f"{self._failures} failed")
        return [*words, self._time_left()]

    def _time_left(self) -> str:
        """Estimate the time left in all iterations of this stage.

        It follows from the time per item of each phase, because the phases differ too much for one rate.
        """
        seconds = 0.0
        for (_, phase), items in self._left.items():
            if items and not self._items[phase]:
                return "estimating the time left"
            if items:
                seconds += items * self._seconds[phase] / self._items[phase]
        return f"{duration(seconds)} left in this stage"
