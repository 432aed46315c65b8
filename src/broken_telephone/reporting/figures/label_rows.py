"""Draws panels with one row per label: the axes and marks that such figures share."""

from collections.abc import Callable, Sequence
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.multiples import LINE, packed, panels
from broken_telephone.reporting.figures.style import INK, STRIPE, inches_of, wrapped
from broken_telephone.reporting.text.wording import MINUS, spoken, with_minus
from broken_telephone.statistics import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE = 1.18
"""Inches of a panel: five fit beside each other, as many as there are ages."""
ROW = 0.155
"""Inches of a row with one mark."""
_LONGEST = 1.25


def row_panels(
    labels: Sequence[str],
    titles: Sequence[str] | Callable[[float], list[list[str]]],
    width: float = WIDE,
    row: float = ROW,
    below: float = 0.3,
    has_zero: bool = True,
) -> "tuple[Figure, list[Axes]]":
    """Return a figure and its panels, in each a row per label.

    Args:
        labels: of the rows.
        titles: of the panels; or a function that arranges them in rows, right of so many inches.
        width: of a panel, in inches.
        row: least height of a row, in inches.
        below: inches of the ticks.
        has_zero: whether a line at zero separates changes in both directions.
    """
    names = [wrapped(spoken(label), _LONGEST) for label in labels]
    lines = max((name.count("\n") + 1 for name in names), default=1)
    widest = max((inches_of(line) for name in names for line in name.split("\n")), default=0.0)
    left, height = widest + 0.2, max(row, lines * LINE * 0.95) * max(len(labels), 1)
    rows = titles(left) if callable(titles) else packed(titles, width, left)
    figure, all_axes = panels(rows, width, height + below, left)
    for axes in all_axes:
        _label_axis(axes, labels, names)
        if has_zero:
            axes.axvline(0, color=INK, linewidth=0.5, zorder=0.5)
    return figure, all_axes


def _label_axis(axes: "Axes", labels: Sequence[str], names: Sequence[str]) -> None:
    """Set up a row per label, and separate the row of all labels from the others."""
    for place in range(0, len(labels), 2):
        axes.axhspan(place - 0.5, place + 0.5, color=STRIPE, linewidth=0, zorder=0)
    if ALL in labels and len(labels) > 1:
        axes.axhline(labels.index(ALL) - 0.5, color=INK, linewidth=0.5, linestyle=":")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def change_axis(axes: "Axes", rows: pd.DataFrame) -> None:
    """Set up an x-axis of changes, symmetric around zero, on which all values and intervals have room."""
    farthest = rows[["value", "ci_low", "ci_high"]].astype(float).abs().max().max()
    reach = 1.06 * max(0.1, 0.1 if pd.isna(farthest) else float(farthest))
    axes.set_xlim(-reach, reach)
    tick = next((step for step in (0.5, 0.2, 0.1, 0.05, 0.02) if step < 0.85 * reach), 0.01)
    axes.set_xticks([-tick, 0, tick], [f"{MINUS}{tick:g}", "0", f"+{tick:g}"])


def value_axis(axes: "Axes", limits: tuple[float, float]) -> None:
    """Set up an x-axis of values, with at least two numbers between the limits."""
    low, high = limits
    axes.set_xlim(low, high)
    ticks: list[float] = []
    for step in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005):
        ticks = [round(step * k, 3) for k in range(ceil(low / step), floor(high / step) + 1)]
        if len(ticks) > 1:
            break
    axes.set_xticks(ticks, [with_minus(f"{tick:g}") for tick in ticks])


def draw_estimate(axes: "Axes", row: Any, place: float, line: dict[str, Any], mark: dict[str, Any]) -> None:
    """Draw the interval of a table's row as a line, and its value as a mark upon it."""
    if pd.notna(row.ci_low) and pd.notna(row.ci_high):
        axes.plot([row.ci_low, row.ci_high], [place, place], **line)
    axes.plot(row.value, place, linestyle="", **mark)


def write_no_value(axes: "Axes", place: int) -> None:
    """Write into a row that there is no value."""
    box = {"facecolor": STRIPE if place % 2 == 0 else "white", "edgecolor": "none", "pad": 0.5}
    middle = axes.get_yaxis_transform()
    axes.text(0.5, place, "no value", transform=middle, ha="center", va="center", style="italic", bbox=box)
