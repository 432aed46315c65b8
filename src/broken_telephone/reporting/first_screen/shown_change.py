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
_LEAST, _LEAST_PART = 0.05, 0.2
"""Smallest correction for selection that is shown, as a change of a share and as a part of the change."""
_HALF = 50.0
ARROW = "\N{RIGHTWARDS ARROW}"


@dataclass(frozen=True)
class ShownChange:
    """Holds the numbers of one change as the first screen shows them."""

    points: float
    """The size of the change in percentage points with its sign."""
    change: str
    """The change as a text with its sign: `+42`."""
    shares: str
    """The shares before and after: `51 % → 93 %`. Empty if they are not those of the compared chains."""
    interval: str
    shrunken: str
    """The change corrected for its selection, with its sign; empty if it does not differ visibly."""
    is_corrected: bool
    """Whether ratings or a reference annotator correct it."""
    passes_half: bool = False
    """Whether the share rises from below to above one half, as the shares are shown."""

    @property
    def number(self) -> str:
        """The size of the change without its sign."""
        return self.change.lstrip(f"+{MINUS}")

    @property
    def text(self) -> str:
        """The change with its interval: `51 % → 93 % (+42 points, 95 % interval 30 to 54)`."""
        change = self._change
        return f"{self.shares} ({change}, {self.interval})" if self.shares else f"{change} ({self.interval})"

    @property
    def short(self) -> str:
        """The shares, or the change where they are unknown: `51 % → 93 %`, `corrected +42 points`."""
        return self.shares or self._change

    @property
    def selection(self) -> str:
        """The change corrected for its selection as a phrase: `about +36 when corrected for selection`."""
        return f"about {self.shrunken} when corrected for selection" if self.shrunken else ""

    @property
    def _change(self) -> str:
        return f"{'corrected ' if self.is_corrected else ''}{self.change} {_unit(self.change)}"


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
    size, shares, passes_half = _points(value, digits), "", False
    if pd.notna(before) and pd.notna(after) and abs(after - before - value) < _SAME:
        first, last = _points(before, digits), _points(after, digits)
        shares = f"{first:.{digits}f} % {ARROW} {last:.{digits}f} %"
        size, passes_half = round(last - first, digits), first < _HALF < last
    shrinkage = abs(value - estimate)
    shrunken = _points(estimate, digits)
    is_shrunken = shrunken != size and (shrinkage >= _LEAST or shrinkage >= _LEAST_PART * abs(value))
    return ShownChange(
        size,
        _signed(size, digits),
        shares,
        _interval(row.ci_low, row.ci_high, digits),
        _signed(shrunken, digits) if is_shrunken else "",
        row.method != ANNOTATOR,
        passes_half,
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
