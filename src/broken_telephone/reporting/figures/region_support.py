"""Draws the region support of a label's words: density of the attribution map, and the effect of hiding the region."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.explainability.maps.props_apart import PARTS, has_props_apart
from broken_telephone.reporting.figures import label_rows, multiples, style
from broken_telephone.reporting.selection import select

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REGIONS = ("face", "hair", "body", "background")
_WITH_PROPS_APART = (*REGIONS[:-1], *PARTS)
_WIDE, _NARROWER = 1.44, 1.18
"""Inches of a panel, where four or five fit beside each other."""
OTHER_FILLS = dict(zip(FILLS[1:], ("^", "s"), strict=True))
"""Fill of hidden regions -> its mark; the first fill has the main mark."""
_MEASURES = {"density": "density_elsewhere", "log_probability_drop": "log_probability_drop_elsewhere"}
"""Measure -> the same measure of control regions, of the same size and shape."""
_OPEN: dict[str, Any] = {"color": style.INK, "markerfacecolor": "white", "markersize": 2.5, "markeredgewidth": 0.7}
_TITLES = {"density": "Density on", "log_probability_drop": "Hiding"}
_BASES = {"density": 2, "log_probability_drop": 10}
"""Measure -> base of its logarithmic axis."""


def support_figure(support: pd.DataFrame, sentences: pd.DataFrame, kind: str) -> "Figure":
    """Draw two rows of panels, one panel per region with one row per label.

    The upper panels show the density of the map on the region, as a multiple of its mean over the image. The lower
    panels show the factor by which hiding the region divides the word's probability. A line is the 95 % interval, a
    cross the value of control regions of the same size and shape. Small open marks are the factors with other fills of
    the hidden region. Labels whose maps fail a check are grey.

    Args:
        support: as `explainability.support_table` returns it.
        sentences: the `support_sentences` table, which tells the labels to be trusted.
        kind: of images: their size and number of views.
    """
    title = f"Image regions behind the label's words: {kind}"
    rows = select(support, kind=kind, attribute="all")
    if rows.empty:
        return multiples.blank(title, "no word was explained")
    labels = style.labels_of(rows)
    trusted = dict(zip(sentences["label"].astype(str), sentences["all_checks_passed"].astype(bool), strict=True))
    with style.styled():
        regions, wide = (_WITH_PROPS_APART, _NARROWER) if has_props_apart(kind) else (REGIONS, _WIDE)
        titles = [[f"{_TITLES[measure]} {region}" for region in regions] for measure in _MEASURES]
        figure, all_axes = label_rows.row_panels(labels, lambda left: titles, wide)
        cells = [(measure, region) for measure in _MEASURES for region in regions]
        for axes, (measure, region) in zip(all_axes, cells, strict=True):
            _draw_marks(axes, select(rows, region=region), measure, labels, trusted)
            _scale(axes, rows, measure, 2 if wide == _NARROWER and measure != "density" else 4)
        keys = [
            multiples.line_key("the region, 95 % interval", color=style.INK, marker="o"),
            multiples.line_key("control regions of the same size and shape", color=style.INK, marker="x", linestyle=""),
        ]
        keys += [
            multiples.line_key(f"hidden: {fill}", marker=mark, linestyle="", **_OPEN)
            for fill, mark in OTHER_FILLS.items()
        ]
        if not all(trusted.values()):
            keys.append(multiples.line_key("not to be trusted: a check failed", color=style.PALE, marker="o"))
        how = (
            "Upper row: mean activation on the region, divided by that of the image. Lower row: the word's probability "
            "is divided by this factor when the region is hidden. Large marks: hidden by the mean colour of all images."
        )
        props = ["Originals with a mask of props only."] if has_props_apart(kind) else []
        return multiples.finish(figure, title, keys, [how, *props], [multiples.missing_intervals(rows)])


def _draw_marks(axes: "Axes", rows: pd.DataFrame, measure: str, labels: list[str], trusted: dict[str, bool]) -> None:
    for place, label in enumerate(labels):
        colour = style.INK if trusted.get(label, False) else style.PALE
        for fill, marker in OTHER_FILLS.items():
            for row in select(rows, label=label, measure=measure, fill=fill).itertuples():
                look = _OPEN | {"color": colour, "markeredgecolor": colour}
                axes.plot(_logarithm(row.value, measure), place + 0.25, marker=marker, linestyle="", **look)
        main = rows[rows["fill"].isna() | (rows["fill"] == FILLS[0])]
        for row in select(main, label=label, measure=measure).itertuples():
            mark = {"marker": "o", "color": colour, "markersize": 3.5}
            label_rows.draw_estimate(axes, _on_scale(row, measure), place, {"color": colour}, mark)
        for row in select(main, label=label, measure=_MEASURES[measure]).itertuples():
            value = _logarithm(row.value, measure)
            axes.plot(value, place, marker="x", color=colour, markersize=3.5, linestyle="")


def _on_scale(row: Any, measure: str) -> Any:
    return SimpleNamespace(**{name: _logarithm(getattr(row, name), measure) for name in ("value", "ci_low", "ci_high")})


def _logarithm(value: float, measure: str) -> float:
    """Return a value on the scale of its axis."""
    if measure == "density":
        return float(np.log2(max(float(value), 2**-5)))
    return float(value) / np.log(_BASES[measure])


def _scale(axes: "Axes", rows: pd.DataFrame, measure: str, most: int) -> None:
    """Set limits and at most `most` ticks."""
    shown = rows[rows["measure"].isin([measure, _MEASURES[measure]])]
    values = shown[["value", "ci_low", "ci_high"]].to_numpy(float).ravel()
    places = [_logarithm(value, measure) for value in values[np.isfinite(values)]]
    low, high = min([*places, -0.5]), max([*places, 1.0])
    axes.set_xlim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    # Powers of the base at even distances, among them 1, with room for their labels.
    step = int(np.ceil((high - low) / most))
    ticks = [place for place in range(int(np.ceil(low)), int(np.floor(high)) + 1) if place % step == 0]
    values = [float(_BASES[measure]) ** place for place in ticks]
    axes.set_xticks(ticks, [f"{value:g}" if value < 1e5 else f"{value:.0e}" for value in values])
