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
_NEAR_ZERO = 0.0095
"""Limits of intervals below it are shown with a decimal."""
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
    selection: str
    """The correction for selection in words: `corrected for selection: +36`, or why there is none."""
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
    def _change(self) -> str:
        return f"{'corrected ' if self.is_corrected else ''}{self.change} {_unit(self.change)}"


def shown_change(row: Any, before: float, after: float) -> ShownChange:
    """Round the numbers of a comparison together: the change is the difference of the rounded shares.

    Args:
        row: of the `findings` table.
        before: the share that the change starts from, by the same method as the change; NaN if unknown.
        after: the share that it ends at.
    """
    estimate = float("nan") if pd.isna(row.shrunken_value) else float(row.shrunken_value)
    return _rounded(float(row.value), estimate, row, before, after)


def _rounded(value: float, estimate: float, row: Any, before: float, after: float) -> ShownChange:
    digits = 1 if 0 < abs(value) < _SMALL else 0
    size, shares, passes_half = _points(value, digits), "", False
    if pd.notna(before) and pd.notna(after) and abs(after - before - value) < _SAME:
        first, last = _points(before, digits), _points(after, digits)
        shares = f"{first:.{digits}f} % {ARROW} {last:.{digits}f} %"
        size, passes_half = round(last - first, digits), first < _HALF < last
    shrunken = _points(estimate, digits)
    # The change of the rounded shares may be smaller or larger than the rounded change. Neither is a correction.
    is_shrunken = pd.notna(estimate) and abs(shrunken) < min(abs(size), abs(_points(value, digits)))
    corrected = _signed(shrunken, digits) if is_shrunken else ""
    return ShownChange(
        size,
        _signed(size, digits),
        shares,
        _interval(row.ci_low, row.ci_high, digits),
        corrected,
        _selection(row, estimate, corrected),
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
    shown = _rounded(value, value, row, row.annotator_before, row.annotator_after)
    size = f"{shown.change} {_unit(shown.change)}"
    return f"{shown.shares} ({size})" if shown.shares else size


def _selection(row: Any, estimate: float, corrected: str) -> str:
    if pd.isna(estimate):
        return "planned, so not corrected for selection"
    if pd.isna(row.ci_low) or pd.isna(row.ci_high):
        return "not corrected for selection, because there is no interval"
    return f"corrected for selection: {corrected or 'the same'}"


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
    first, last = (_limit(float(limit), digits) for limit in (low, high))
    return f"95 % interval {first} to {last}"


def _limit(limit: float, digits: int) -> str:
    # A limit close to zero is not zero: the interval of a significant change does not include it.
    digits = 1 if 0 < abs(limit) < _NEAR_ZERO else digits
    return with_minus(f"{_points(limit, digits):.{digits}f}")
