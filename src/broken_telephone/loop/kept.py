"""Tells which drawn images stay on disk (`loop.keep`). Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

ALL = "all"
EVERY = "every"


def checked_keep(value: Any) -> Any:
    """Return a rule as it is.

    Raises:
        ValueError: if it is none.
    """
    if value == ALL:
        return value
    if isinstance(value, dict) and list(value) == [EVERY] and _is_iteration(value[EVERY]):
        return value
    if isinstance(value, list) and all(_is_iteration(one) for one in value):
        return sorted(set(value))
    raise ValueError("write all, {every: n}, or a list of iterations, all of them whole numbers from 1")


def _is_iteration(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_kept(keep: Any, iterations: int, iteration: int) -> bool:
    """Return whether the image of an iteration stays on disk.

    The first and the last image always stay. An image beyond the last iteration stays: this rule says nothing about it.

    Args:
        keep: a rule, see `checked_keep`.
        iterations: how far chains are followed.
        iteration: from 1.
    """
    if keep == ALL or iteration == 1 or iteration >= iterations:
        return True
    return iteration % keep[EVERY] == 0 if isinstance(keep, dict) else iteration in keep


def kept_iterations(keep: Any, iterations: int) -> list[int]:
    """Return the iterations from 1 to `iterations` whose images stay on disk."""
    return [k for k in range(1, iterations + 1) if is_kept(keep, iterations, k)]


def in_words(numbers: Sequence[int]) -> str:
    """Write iterations in short: `1 to 20`; `1, 10, 20 … 100 (11 of them)` where there are more than six."""
    if not numbers:
        return "none"
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    if len(numbers) <= 6:
        return _listed(numbers)
    return f"{_listed(numbers[:3])} … {numbers[-1]} ({len(numbers)} of them)"


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
