"""Where words come from: how dense the map of a label's words is on each region, and what hiding the region does."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures.label_rows import named
from broken_telephone.reporting.figures.multiples import blank, finish, lone, missing, panels, some
from broken_telephone.reporting.figures.style import INK, PALE, STRIPE, labels_of, styled
from broken_telephone.statistics import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REGIONS = ("face", "hair", "body", "background")
_WIDE, _ROW = 1.44, 0.155
_MEASURES = {"density": "density_elsewhere", "fall": "fall_elsewhere"}
"""Measure -> the same of places elsewhere, of the same size and shape."""
_TITLES = {"density": "Density on", "fall": "Hiding"}
_TICKS = {"density": (0.25, 0.5, 1, 2, 4, 8), "fall": (1, 10, 100, 1_000, 10_000, 1e6, 1e8)}


def support_figure(support: pd.DataFrame, said: pd.DataFrame, kind: str) -> "Figure":
    """Draw two rows of panels, one panel a region, in each a row a label.

    Above, how dense the map is on the region, in multiples of its mean over the picture; below, by how much hiding the
    region divides the word's probability. A line is the 95 % interval; a cross is what places elsewhere of the same
    size and shape would give. Labels whose maps fail a check are grey.

    Args:
        support: as `explain.support.support_table` returns it.
        said: as `explain.trust.sentences` returns it, for what is trusted.
        kind: of pictures: of which size, in how many views.
    """
    title = f"Where words come from: {kind}"
    mine = some(support, kind=kind, attribute="all")
    if mine.empty:
        return blank(title, "Nothing to draw: no word was explained.")
    labels = labels_of(mine)
    trusted = dict(zip(said["label"].astype(str), said["trusted"].astype(bool), strict=True))
    with styled():
        from matplotlib.lines import Line2D

        names, beside, high = named(labels, _ROW)
        rows = [[f"{_TITLES[measure]} {region}" for region in REGIONS] for measure in _MEASURES]
        figure, found = panels(rows, _WIDE, high + 0.3, beside)
        cells = [(measure, region) for measure in _MEASURES for region in REGIONS]
        for axes, (measure, region) in zip(found, cells, strict=True):
            _lay(axes, labels, names)
            there = some(mine, region=region)
            _marks(axes, there, measure, labels, trusted)
            _scale(axes, mine, measure)
        keys = [
            Line2D([], [], color=INK, marker="o", label="the region, 95 % interval"),
            Line2D([], [], color=INK, marker="x", linestyle="", label="elsewhere, same size and shape"),
        ]
        if not all(trusted.values()):
            keys.append(Line2D([], [], color=PALE, marker="o", label="not to be trusted: a check failed"))
        notes = [
            "Above: mean activation on the region over that of the picture. Below: what the word's probability is "
            "divided by when the region is painted over in one colour, the same for all.",
            missing(lone(mine)),
        ]
        return finish(figure, title, keys, notes)


def _lay(axes: "Axes", labels: list[str], names: list[str]) -> None:
    for place in range(0, len(labels), 2):
        axes.axhspan(place - 0.5, place + 0.5, color=STRIPE, linewidth=0, zorder=0)
    axes.axvline(0, color=INK, linewidth=0.5, zorder=0.5)
    if ALL in labels and len(labels) > 1:
        axes.axhline(labels.index(ALL) - 0.5, color=INK, linewidth=0.5, linestyle=":")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _marks(axes: "Axes", rows: pd.DataFrame, measure: str, labels: list[str], trusted: dict[str, bool]) -> None:
    for place, label in enumerate(labels):
        colour = INK if trusted.get(label, False) else PALE
        for one in some(rows, label=label, measure=measure).itertuples():
            ends = [_placed(value, measure) for value in (one.ci_low, one.ci_high)]
            if np.isfinite(ends).all():
                axes.plot(ends, [place, place], color=colour)
            axes.plot(_placed(one.value, measure), place, marker="o", color=colour, markersize=3.5)
        for one in some(rows, label=label, measure=_MEASURES[measure]).itertuples():
            axes.plot(_placed(one.value, measure), place, marker="x", color=colour, markersize=3.5, linestyle="")


def _placed(value: float, measure: str) -> float:
    """Both are multiples: on a scale of logarithms, to base 2 and to base 10."""
    if measure == "density":
        return float(np.log2(max(float(value), 2**-5)))
    return float(value) / np.log(10)


def _scale(axes: "Axes", rows: pd.DataFrame, measure: str) -> None:
    shown = rows[rows["measure"].isin([measure, _MEASURES[measure]])]
    values = shown[["value", "ci_low", "ci_high"]].to_numpy(float).ravel()
    places = [_placed(value, measure) for value in values[np.isfinite(values)]]
    low, high = min([*places, -0.5]), max([*places, 1.0])
    axes.set_xlim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    log = np.log2 if measure == "density" else np.log10
    ticks = [tick for tick in _TICKS[measure] if low - 0.1 <= log(tick) <= high + 0.1]
    ticks = ticks[:: max(1, -(-len(ticks) // 4))]
    axes.set_xticks([log(tick) for tick in ticks], [f"{tick:g}" if tick < 1e5 else f"{tick:.0e}" for tick in ticks])
