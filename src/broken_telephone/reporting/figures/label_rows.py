"""Panels a category, rows a label: what figures of changes share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures.multiples import LINE
from broken_telephone.reporting.figures.style import INK, STRIPE, inches_of, spoken, wrapped
from broken_telephone.statistics import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 1.18
"""Inches of a panel: five beside each other, as many as there are ages."""
_LONGEST = 1.25


def named(labels: Sequence[str], row: float) -> tuple[list[str], float, float]:
    """Return names for the rows, inches of the widest, and inches of all rows, of which each takes at least `row`."""
    names = [wrapped(spoken(label), _LONGEST) for label in labels]
    lines = max((name.count("\n") + 1 for name in names), default=1)
    widest = max((inches_of(line) for name in names for line in name.split("\n")), default=0.0)
    return names, widest + 0.2, max(row, lines * LINE * 0.95) * max(len(labels), 1)


def lay(axes: "Axes", labels: Sequence[str], names: Sequence[str], reach: float) -> None:
    """Set up a row a label around zero, and part the row of all together from the others."""
    for place in range(0, len(labels), 2):
        axes.axhspan(place - 0.5, place + 0.5, color=STRIPE, linewidth=0, zorder=0)
    axes.axvline(0, color=INK, linewidth=0.5, zorder=0.5)
    if ALL in labels and len(labels) > 1:
        axes.axhline(labels.index(ALL) - 0.5, color=INK, linewidth=0.5, linestyle=":")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-reach, reach)
    tick = next((step for step in (0.5, 0.2, 0.1, 0.05, 0.02) if step < 0.85 * reach), 0.01)
    axes.set_xticks([-tick, 0, tick], [f"\N{MINUS SIGN}{tick:g}", "0", f"+{tick:g}"])
    axes.tick_params(axis="y", length=0)


def nothing(axes: "Axes", place: int) -> None:
    """Write into a row that there is no value."""
    box = {"facecolor": STRIPE if place % 2 == 0 else "white", "edgecolor": "none", "pad": 0.5}
    axes.text(0, place, "no value", ha="center", va="center", style="italic", bbox=box)


def reach_of(rows: pd.DataFrame) -> float:
    """Return how far from zero an axis must go for all values and intervals."""
    farthest = rows[["value", "ci_low", "ci_high"]].astype(float).abs().max().max()
    return 1.06 * max(0.1, 0.1 if pd.isna(farthest) else float(farthest))
