"""Draws the similarity of images and texts over iterations: curves with bands, one panel per label."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# These differ from all colours of categories.
_COLOURS = {"image-image": "#332288", "text-text": "#117733", "image-text": "#882255"}
PAIR_NAMES = {
    ("image-image", "previous"): "image and previous image",
    ("image-image", "origin"): "image and first image",
    ("text-text", "previous"): "text and previous text",
    ("text-text", "origin"): "text and first text",
    ("image-text", "previous"): "image and its text",
    ("image-text", "origin"): "image and first text",
}
"""Kind and pair of a similarity -> its name, in the order of figures."""
_LINES: dict[str, dict[str, Any]] = {
    "previous": {"linestyle": "-", "marker": "o"},
    "origin": {"linestyle": "--", "marker": "s"},
}


def similarity_figure(curves: pd.DataFrame, start: str = "image") -> "Figure":
    """Draw one panel per label with one curve per kind and pair: mean cosine similarity with a 95 % band.

    Colours are kinds of pairs; a solid line compares with the previous item, a dashed line with the start of the
    chain. A falling dashed line below a high solid one means that many small changes add up.

    Args:
        curves: label, start (optional), pair (previous | origin), kind (image-image | text-text | image-text),
            iteration, value, ci_low, ci_high.
        start: of the chains: image or prompt.
    """
    title = f"Similarity over iterations, {multiples.STARTS[start]}"
    rows = select(curves, start=start)
    if rows.empty:
        return multiples.blank(title, f"the table has no similarities in {multiples.STARTS[start]}")
    times = sorted(int(k) for k in rows["iteration"].dropna().unique())
    drawn = [(kind, pair) for kind, pair in PAIR_NAMES if len(select(rows, kind=kind, pair=pair))]
    with style.styled():
        figure, panels = multiples.label_panels(rows, 1.62, 1.45)
        low, high = _y_limits(rows)
        for axes, _, own in panels:
            for kind, pair in drawn:
                _draw_curve(axes, select(own, kind=kind, pair=pair), kind, pair)
            if own["value"].isna().all():
                multiples.write_reason(axes, own, "no pairs", 1.2)
            axes.set_xticks(multiples.iteration_ticks(times))
            axes.set_xlim(times[0] - 0.3, times[-1] + 0.3)
            axes.set_ylim(low, high)
        keys = [
            multiples.line_key(PAIR_NAMES[kind, pair], color=_COLOURS[kind], **_LINES[pair]) for kind, pair in drawn
        ]
        bands = "Bands" if len(times) > 1 else "Lines"
        how = f"x-axis: iteration; y-axis: mean cosine similarity. {bands}: 95 % intervals."
        missing = [
            "" if len(times) > 1 else "other iterations, so there are no curves over them",
            "values where there are no pairs" if rows["value"].isna().any() else "",
            multiples.missing_intervals(rows),
            *(f"{kind} similarity" for kind in _COLOURS if not (rows["kind"] == kind).any()),
        ]
        return multiples.finish(figure, title, keys, [how], missing)


def _draw_curve(axes: "Axes", rows: pd.DataFrame, kind: str, pair: str) -> None:
    rows = rows.sort_values("iteration")
    times, value, low, high = (rows[name].astype(float) for name in ("iteration", "value", "ci_low", "ci_high"))
    multiples.band(axes, times, low, high, _COLOURS[kind], alpha=0.15)
    axes.plot(times, value, color=_COLOURS[kind], label=f"{kind}, {pair}", **multiples.line_look(times), **_LINES[pair])


def _y_limits(rows: pd.DataFrame) -> tuple[float, float]:
    values = rows[["value", "ci_low", "ci_high"]].astype(float)
    low, high = values.min().min(), values.max().max()
    return (-0.05, 1.05) if pd.isna(low) else (min(low - 0.05, 0.9), max(high + 0.05, low + 0.2))
