"""Draws how much of the drift each factor of a grid of studies makes: one stacked bar per category."""

from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.text.contrast_names import row_name
from broken_telephone.statistics import ALL
from broken_telephone.statistics.outcomes import SHARES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HATCHES = ("", "////", "....", "xxxx", "----", "++++", "oooo", "\\\\\\\\")
_LEFT, _BAR = 1.9, 0.22
"""Inches of the names, and of a bar."""


def shown_effects(effects: pd.DataFrame, start: str) -> pd.DataFrame:
    """Return the shares of the factors over all labels, or of the single label, at the last iteration."""
    if effects.empty:
        return effects
    rows = effects.astype(dict.fromkeys(("start", "family", "label", "attribute", "category", "factor"), object))
    rows = rows[(rows["start"] == start) & (rows["family"] == SHARES) & rows["share"].notna()]
    rows = rows[rows["iteration"] == rows["iteration"].max()]
    return rows[rows["label"] == ALL] if (rows["label"] == ALL).any() else rows


def has_effects(effects: pd.DataFrame, start: str) -> bool:
    """Return whether there are shares to draw."""
    return len(shown_effects(effects, start)) > 0


def effects_figure(effects: pd.DataFrame, start: str = "image") -> "Figure":
    """Draw a bar for each category: the parts of the factors and of their interactions in the drift of its share.

    Args:
        effects: the `effects` table.
        start: of the chains: image or prompt.
    """
    from matplotlib.figure import Figure

    title = f"Parts of the drift by factor, {multiples.STARTS[start]}"
    rows = shown_effects(effects, start)
    if rows.empty:
        return multiples.blank(title, "no factor has a part")
    cells = list(dict.fromkeys(rows[["attribute", "category"]].itertuples(index=False, name=None)))
    factors = list(dict.fromkeys(rows["factor"].astype(str)))
    with style.styled():
        figure = Figure(figsize=(style.WIDTH, _BAR * len(cells) + 0.4), layout="constrained")
        axes = figure.add_subplot()
        for place, (attribute, category) in enumerate(cells):
            left = 0.0
            own = rows[(rows["attribute"] == attribute) & (rows["category"] == category)]
            for row in own.itertuples(index=False):
                number = factors.index(str(row.factor))
                look = {"facecolor": style.OKABE_ITO[number % 7], "hatch": _HATCHES[number % len(_HATCHES)]}
                axes.barh(place, row.share, left=left, height=0.72, edgecolor=style.INK, linewidth=0.5, **look)
                left += float(row.share)
        axes.set_yticks(range(len(cells)), [row_name(SHARES, *cell) for cell in cells])
        axes.set_ylim(len(cells) - 0.5, -0.5)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        axes.tick_params(axis="y", length=0)
        keys = [
            multiples.patch_key(
                factor, facecolor=style.OKABE_ITO[k % 7], hatch=_HATCHES[k % len(_HATCHES)], edgecolor=style.INK
            )
            for k, factor in enumerate(factors)
        ]
        return multiples.finish(figure, title, keys, ["x-axis: part of the differences between arms."])
