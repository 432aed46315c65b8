"""Draws the sanity checks of the attribution maps: every check for every label."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.reporting.figures import label_rows, multiples, style
from broken_telephone.reporting.figures.region_support import OTHER_FILLS
from broken_telephone.reporting.selection import select

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE = 1.15
_UNITS = {
    "random weights": "density",
    "regions elsewhere": "density",
    "hiding": "log-prob.",
    "hiding elsewhere": "log-prob.",
    "deletion": "probability",
    "insertion": "probability",
    "methods": "share",
}
"""Check -> unit of its axis, in the order of the panels."""
_TITLES = {"regions elsewhere": "elsewhere"}
_NOTES = (
    "Density: how much denser the map is on its densest region than with random weights, and than on control regions "
    "elsewhere. Hiding: how much more the word's log-probability falls when this region is hidden than when any other "
    "region is hidden, or as much elsewhere.",
    "Deletion: how much faster than by chance the word's probability falls as the image is hidden in the map's order. "
    "Insertion: how much faster it rises as the image is shown in this order. Methods: share of the methods that find "
    "the same region; more than half pass.",
)


def sanity_checks_figure(checks: pd.DataFrame, kind: str) -> "Figure":
    """Draw one panel per check with one row per label: a filled mark right of zero has passed.

    Small marks are the checks of hiding with other fills of the hidden region.

    Args:
        checks: the `support_trust` table.
        kind: of images: their size and number of views.
    """
    title = f"Sanity checks of the attribution maps: {kind}"
    rows = select(checks, kind=kind)
    if rows.empty:
        return multiples.blank(title, "no word was explained")
    labels = style.labels_of(rows)
    with style.styled():
        titles = [_TITLES.get(check, check) for check in _UNITS]
        figure, all_axes = label_rows.row_panels(labels, titles, _WIDE, below=0.42)
        for axes, (check, unit) in zip(all_axes, _UNITS.items(), strict=True):
            results = select(rows, check=check)
            for fill, marker in OTHER_FILLS.items():
                for row in select(results, fill=fill).itertuples():
                    look: dict[str, Any] = {"markersize": 2.5, "markerfacecolor": style.INK if row.passed else "white"}
                    place = labels.index(str(row.label)) + 0.25
                    axes.plot(row.value, place, marker=marker, linestyle="", color=style.INK, **look)
            for row in results[results["fill"].isna() | (results["fill"] == FILLS[0])].itertuples():
                mark = {"marker": "o", "color": style.INK, "markerfacecolor": style.INK if row.passed else "white"}
                label_rows.draw_estimate(axes, row, labels.index(str(row.label)), {"color": style.INK}, mark)
            _scale(axes, results)
            axes.set_xlabel(unit)
        keys = [
            multiples.line_key("passed", color=style.INK, marker="o"),
            multiples.line_key("not passed", color=style.INK, marker="o", markerfacecolor="white"),
        ]
        keys += [
            multiples.line_key(f"hidden: {fill}", color=style.INK, marker=marker, linestyle="", markersize=2.5)
            for fill, marker in OTHER_FILLS.items()
        ]
        return multiples.finish(figure, title, keys, _NOTES, [multiples.missing_intervals(rows)])


def _scale(axes: "Axes", rows: pd.DataFrame) -> None:
    values = rows[["value", "ci_low", "ci_high"]].to_numpy(float)
    values = values[np.isfinite(values)]
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.1 * (high - low) or 0.1
    axes.set_xlim(low - room, high + room)
    axes.locator_params(axis="x", nbins=3)
