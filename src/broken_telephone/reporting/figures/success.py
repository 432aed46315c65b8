"""Draws the success of the describer by category, in the first and the last image: one panel per label."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.wording import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAP = 0.25
"""Distance of a mark from the middle of its category, whose width is 1."""


def success_figure(
    success: pd.DataFrame, attribute: str, start: str = "image", colours: Mapping[str, str] | None = None
) -> "Figure":
    """Draw one panel per label with one pair of marks per category: the success rate in the first and the last image.

    Categories stand side by side, so that equal rates do not hide each other. A pair below the others: people of that
    category are described wrongly more often. A pair that falls: the loop loses the label for that category. Vertical
    lines are 95 % intervals.

    Args:
        success: start, label, attribute, category, iteration, kind ("rate" is drawn), value, ci_low, ci_high.
        attribute: the attribute to draw.
        start: of the chains: image or prompt.
        colours: of the categories, if not those of `category_colours`.
    """
    title = f"Success of the describer by {spoken(attribute)}, first and last image, {multiples.STARTS[start]}"
    rows = select(success, attribute=attribute, start=start, kind="rate")
    rows = rows.dropna(subset=["category"]) if len(rows) else rows
    if rows.empty:
        return multiples.blank(title, f"the table has no rates by {spoken(attribute)} in {multiples.STARTS[start]}")
    categories = style.categories_of(attribute, success)
    colours = colours or style.category_colours(attribute, categories)
    valued = rows.dropna(subset=["value"]) if rows["value"].notna().any() else rows
    times = sorted({int(valued["iteration"].min()), int(valued["iteration"].max())})
    with style.styled():
        markers = style.category_markers(categories)
        figure, panels = multiples.label_panels(rows, 1.4, 1.45)
        for axes, _, own in panels:
            for place, category in enumerate(categories):
                line = select(own, category=category).drop_duplicates("iteration").set_index("iteration")
                look = {"color": colours[category], "marker": markers[category], "label": category, **style.EDGE}
                _draw_pair(axes, line.reindex(times)[["value", "ci_low", "ci_high"]].astype(float), place, look)
            if own["value"].isna().all():
                multiples.write_reason(axes, own, "no answers", 1.1)
            axes.set_xlim(-0.6, len(categories) - 0.4)
            axes.set_xticks([])
            multiples.share_axis(axes)
        names = [f"iteration {k}" if k else "the originals" for k in times]
        pairs = f" Each pair: {names[0]} (left, hollow) and {names[1]} (right, filled)." if len(times) > 1 else ""
        how = f"y-axis: share of answers that name the correct label.{pairs} Vertical lines: 95 % intervals."
        missing = [
            "" if len(times) > 1 else "a second iteration to compare with",
            "rates of categories without answers" if rows["value"].isna().any() else "",
            multiples.missing_intervals(rows),
        ]
        return multiples.finish(figure, title, multiples.category_keys(colours, markers), [how], missing)


def _draw_pair(axes: "Axes", line: pd.DataFrame, middle: float, look: dict) -> None:
    if line["value"].isna().all():
        return
    places = [middle + _GAP * (2 * place - 1) for place in range(len(line))] if len(line) > 1 else [middle]
    axes.vlines(places, line["ci_low"], line["ci_high"], color=look["color"], linewidth=1)
    axes.plot(places, line["value"], **look)
    if len(line) > 1:
        hollow = look | {"markerfacecolor": "white", "markeredgecolor": look["color"], "label": "_first"}
        axes.plot(places[:1], line["value"].iloc[:1], **hollow)
