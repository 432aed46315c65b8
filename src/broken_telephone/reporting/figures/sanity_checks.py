"""Whether to believe maps: every check of every label, and by how far it was passed."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures.label_rows import named
from broken_telephone.reporting.figures.multiples import blank, finish, lone, missing, packed, panels, some
from broken_telephone.reporting.figures.style import INK, STRIPE, labels_of, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE, _ROW = 1.15, 0.155
_CHECKS = {
    "random weights": "random weights",
    "regions elsewhere": "elsewhere",
    "hiding": "hiding",
    "hiding elsewhere": "hiding elsewhere",
    "deletion": "deletion",
    "insertion": "insertion",
    "methods": "methods",
}
_UNITS = {
    "random weights": "density",
    "regions elsewhere": "density",
    "hiding": "log-prob.",
    "hiding elsewhere": "log-prob.",
    "methods": "share",
}


def trust_figure(trust: pd.DataFrame, kind: str) -> "Figure":
    """Draw a panel a check, in each a row a label: a filled mark right of zero has passed.

    Args:
        trust: as `explain.trust.trust_table` returns it.
        kind: of pictures: of which size, in how many views.
    """
    title = f"Checks of the maps: {kind}"
    mine = some(trust, kind=kind)
    if mine.empty:
        return blank(title, "Nothing to draw: no word was explained.")
    labels = labels_of(mine)
    with styled():
        from matplotlib.lines import Line2D

        names, beside, high = named(labels, _ROW)
        figure, found = panels(packed(list(_CHECKS.values()), _WIDE, beside), _WIDE, high + 0.42, beside)
        for axes, check in zip(found, _CHECKS, strict=True):
            _lay(axes, names)
            there = some(mine, check=check)
            for one in there.itertuples():
                place = labels.index(str(one.label))
                if np.isfinite(one.ci_low):
                    axes.plot([one.ci_low, one.ci_high], [place, place], color=INK)
                face = INK if one.passed else "white"
                axes.plot(one.value, place, marker="o", color=INK, markerfacecolor=face, linestyle="")
            _reach(axes, there)
            axes.set_xlabel(_UNITS.get(check, "probability"))
        keys = [
            Line2D([], [], color=INK, marker="o", label="passed"),
            Line2D([], [], color=INK, marker="o", markerfacecolor="white", label="not passed"),
        ]
        notes = [
            "Of the region where a label's map is densest: how much denser than with random weights, and than "
            "places elsewhere; how much more its hiding lowers the word's "
            "log-probability than hiding any other region, and than hiding as much elsewhere. Of the whole map: how "
            "much faster the word's probability falls as the picture is hidden by it, and rises as it is shown by it, "
            "than by chance; and the share of methods that find the same region (more than half pass).",
            missing(lone(mine)),
        ]
        return finish(figure, title, keys, notes)


def _lay(axes: "Axes", names: list[str]) -> None:
    for place in range(0, len(names), 2):
        axes.axhspan(place - 0.5, place + 0.5, color=STRIPE, linewidth=0, zorder=0)
    axes.axvline(0, color=INK, linewidth=0.5, zorder=0.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _reach(axes: "Axes", rows: pd.DataFrame) -> None:
    values = rows[["value", "ci_low", "ci_high"]].to_numpy(float)
    values = values[np.isfinite(values)]
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.1 * (high - low) or 0.1
    axes.set_xlim(low - room, high + room)
    axes.locator_params(axis="x", nbins=3)
