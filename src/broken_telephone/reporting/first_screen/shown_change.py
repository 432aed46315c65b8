"""Writes a change of a share so that its numbers agree: the difference is that of the shares as they are shown."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.reporting.text.verdicts import ANNOTATOR
from broken_telephone.reporting.text.wording import MINUS, with_minus

_SAME = 0.005
"""Shares whose difference is closer than this to the change belong to the same images."""
_SMALL = 0.0195
"""Changes below it are shown with a decimal: two whole percentages could hide them."""
_LEAST, _LEAST_PART = 0.02, 0.1
"""Smallest shrinkage that is shown, as a change of a share and as a part of the change."""
ARROW = "\N{RIGHTWARDS ARROW}"


@dataclass(frozen=True)
class ShownChange:
    """Holds the numbers of one change as the first screen shows them."""

    points: float
    """The size of the change in percentage points with its sign, shrunken for its selection where this is shown."""
    change: str
    """The change before shrinkage as a text with its sign: `+42`."""
    shares: str
    """The shares before and after: `51 % → 93 %`. Empty if they are not those of the compared chains."""
    interval: str
    shrunken: str
    """The change after shrinkage; empty if there is no shrinkage to show."""
    is_corrected: bool
    """Whether ratings or a reference annotator correct it."""

    @property
    def number(self) -> str:
        """The size of the change without its sign, shrunken where this is shown."""
        return (self.shrunken or self.change).lstrip(f"+{MINUS}")

    @property
    def text(self) -> str:
        """All numbers: `51 % → 93 % (+42 points, 95 % interval 30 to 54; shrunken +36)`."""
        change = f"{'corrected ' if self.is_corrected else ''}{self.change} {_unit(self.change)}"
        rest = f"{self.interval}; shrunken {self.shrunken}" if self.shrunken else self.interval
        return f"{self.shares} ({change}, {rest})" if self.shares else f"{change} ({rest})"


def shown_change(row: Any, before: float, after: float) -> ShownChange:
    """Round the numbers of a comparison together: the change is the difference of the rounded shares.

    Args:
        row: of the `findings` table.
        before: the share that the change starts from, by the same method as the change; NaN if unknown.
        after: the share that it ends at.
    """
    value = float(row.value)
    estimate = value if pd.isna(row.shrunken_value) else float(row.shrunken_value)
    return _rounded(value, estimate, row, before, after)


def _rounded(value: float, estimate: float, row: Any, before: float, after: float) -> ShownChange:
    digits = 1 if 0 < abs(value) < _SMALL else 0
    size, shares = _points(value, digits), ""
    if pd.notna(before) and pd.notna(after) and abs(after - before - value) < _SAME:
        first, last = _points(before, digits), _points(after, digits)
        shares = f"{first:.{digits}f} % {ARROW} {last:.{digits}f} %"
        size = round(last - first, digits)
    shrinkage = abs(value - estimate)
    shrunken = _points(estimate, digits)
    is_shrunken = shrunken != size and (shrinkage >= _LEAST or shrinkage >= _LEAST_PART * abs(value))
    return ShownChange(
        shrunken if is_shrunken else size,
        _signed(size, digits),
        shares,
        _interval(row.ci_low, row.ci_high, digits),
        _signed(shrunken, digits) if is_shrunken else "",
        row.method != ANNOTATOR,
    )


def uncorrected(row: Any) -> str:
    """Return the change by the annotator's answers alone: `24 % → 71 % (+47 points)`; empty if it is unknown.

    Args:
        row: of the `findings` table, with a corrected change.
    """
    if pd.isna(row.annotator_value):
        return ""
    value = float(row.annotator_value)
    shown = _rounded(value, value, row, row.before, row.after)
    size = f"{shown.change} {_unit(shown.change)}"
    return f"{shown.shares} ({size})" if shown.shares else size


def _points(share: float, digits: int) -> float:
    # Adding zero turns a negative zero into zero.
    return round(100 * share, digits) + 0.0


def _unit(change: str) -> str:
    return "point" if change.lstrip(f"+{MINUS}") == "1" else "points"


def _signed(size: float, digits: int) -> str:
    return with_minus(f"{size:+.{digits}f}") if size else "0"


def _interval(low: float, high: float, digits: int) -> str:
    if pd.isna(low) or pd.isna(high):
        return "no interval"
    first, last = (with_minus(f"{_points(limit, digits):.{digits}f}") for limit in (low, high))
    return f"95 % interval {first} to {last}"
