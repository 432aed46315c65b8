"""Draws how much of the differences between the arms of a grid each factor makes."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.text.wording import percent, spoken, with_minus
from broken_telephone.statistics.tables.effect_verdicts import BLAME_LEVEL, BLAMED, SHARE_OF_DRIFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HATCHES = ("", "////", "....", "xxxx", "----", "++++", "oooo", "\\\\\\\\")
_ROW = 0.26
"""Inches of a row."""


def factor_shares(effects: pd.DataFrame, start: str) -> pd.DataFrame:
    """Return the shares of the factors in the differences between the arms, with keys as text."""
    if effects.empty:
        return effects
    rows = effects.astype(dict.fromkeys(("start", "kind", "factor", "verdict"), object))
    return rows[(rows["start"] == start) & (rows["kind"] == SHARE_OF_DRIFT) & rows["value"].notna()]


def effects_figure(effects: pd.DataFrame, start: str = "image") -> "Figure":
    """Draw one bar with the shares of all factors, and below it a bar with an interval for each factor.

    Args:
        effects: the `effects` table.
        start: of the chains: image or prompt.
    """
    from matplotlib.figure import Figure

    title = f"Effects of factors, {multiples.STARTS[start]}"
    rows = factor_shares(effects, start)
    if rows.empty:
        return multiples.blank(title, "no factor has a share")
    with style.styled():
        figure = Figure(figsize=(style.WIDTH, _ROW * (len(rows) + 1) + 0.4), layout="constrained")
        axes = figure.add_subplot()
        left = 0.0
        for number, row in enumerate(rows.itertuples(index=False)):
            _draw_bar(axes, 0, number, row.value, left)
            left += max(float(row.value), 0.0)
            _draw_bar(axes, number + 1, number, row.value)
            _write_share(axes, number + 1, row)
        _set_up(axes, rows, left)
        how = [
            "x-axis: share of the squared differences between the studies' drifts, over all categories. Lines: 95 % "
            f"intervals. Blamed: the joint test of the factor's effects is significant (adjusted p < "
            f"{BLAME_LEVEL}), and its share is not minor."
        ]
        return multiples.finish(figure, title, [], how, [multiples.missing_intervals(rows)])


def _draw_bar(axes: "Axes", place: int, number: int, value: float, left: float = 0.0) -> None:
    look: dict[str, Any] = {"facecolor": style.OKABE_ITO[number % 7], "hatch": _HATCHES[number % len(_HATCHES)]}
    axes.barh(place, value, left=left, height=0.66, edgecolor=style.INK, linewidth=0.5, **look)


def _write_share(axes: "Axes", place: int, row) -> None:  # type: ignore[no-untyped-def]
    text = percent(row.value)
    if pd.notna(row.ci_low) and pd.notna(row.ci_high):
        axes.plot([row.ci_low, row.ci_high], [place, place], color=style.INK, linewidth=1.6, marker="|", markersize=6)
        text += f" ({percent(row.ci_low).removesuffix(' %')} to {percent(row.ci_high)})"
    text += ", blamed" if row.verdict == BLAMED else ""
    text = with_minus(text)
    axes.annotate(text, (1.02, place), xycoords=("axes fraction", "data"), va="center", annotation_clip=False)


def _set_up(axes: "Axes", rows: pd.DataFrame, end: float) -> None:
    axes.axhline(0.5, color=style.INK, linewidth=0.5, linestyle=":")
    names = ["all together", *(spoken(factor) for factor in rows["factor"])]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    low = min(0.0, float(rows[["value", "ci_low"]].astype(float).min().min()))
    high = max(1.0, end, float(rows[["value", "ci_high"]].astype(float).max().max()))
    axes.set_xlim(low * 1.05, high * 1.02)
    axes.axvline(0, color=style.INK, linewidth=0.5)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.tick_params(axis="y", length=0)
