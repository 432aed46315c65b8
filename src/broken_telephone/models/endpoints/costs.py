"""Counts what the requests of a model behind an endpoint cost."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any


class Costs:
    """Counters of one model. Several threads may add to them."""

    def __init__(self) -> None:
        # A deque, because its `append` needs no lock, which could not be sent to another process.
        self._entries: deque[tuple[str, float]] = deque()

    def add(self, name: str, amount: float = 1) -> None:
        """Add to a counter."""
        self._entries.append((name, amount))

    def add_usage(self, usage: Any) -> None:
        """Add the tokens that the server states, if it states any; chats and pictures name them differently."""
        for name, others in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")):
            stated = (getattr(usage, one, None) for one in (name, others))
            if (amount := next((one for one in stated if isinstance(one, int)), None)) is not None:
                self.add(name, amount)

    def take(self) -> dict[str, float]:
        """Return the counters since the last call."""
        entries = [self._entries.popleft() for _ in range(len(self._entries))]
        return total(dict([entry]) for entry in entries)


def total(costs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the sums of counters, by name; seconds are rounded to milliseconds."""
    sums: Counter[str] = Counter()
    for one in costs:
        for name, amount in one.items():
            sums[name] += amount  # type: ignore[assignment]
    return {name: round(sums[name], 3) for name in sorted(sums)}
