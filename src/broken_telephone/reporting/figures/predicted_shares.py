"""Draws predicted against observed shares of the last image, with prediction intervals."""

from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.figures.style import category_colours, category_markers
from broken_telephone.reporting.selection import select
from broken_telephone.statistics.tables.predicted_shares import FIXED_POINT, LATER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure


def predicted_figure(
    predicted: pd.DataFrame,
    attribute: str,
    start: str = "image",
    colours: "Mapping[str, str] | None" = None,
    note: str = "",
) -> "Figure":
    """Draw one panel per label: predictions with intervals by iteration, and crosses for observed shares.

    Args:
        predicted: the `predicted_shares` table.
        attribute: the attribute to draw.
        start: of the chains: image or prompt.
        colours: of the categories, if not those of `category_colours`.
        note: further note below the figure; empty for none.
        colours: of the categories, if not those of `category_colours`.
    """
    title = f"Predicted shares of {attribute.replace('_', ' ')}, {multiples.STARTS[start]}"
    rows = select(predicted, attribute=attribute, start=start)
    rows = rows[rows["value"].notna()] if len(rows) else rows
    if rows.empty:
        return multiples.blank(title, "there are no predictions")
    categories = list(dict.fromkeys(rows["category"].astype(str)))
    colours = colours or category_colours(attribute, categories)
    later = select(rows, kind=LATER)
    times = sorted(int(k) for k in later["iteration"].dropna().unique())
    places = {time: place for place, time in enumerate(times)}
    with style.styled():
        markers = category_markers(categories)
        figure, panels = multiples.label_panels(rows, 1.62, 1.45)
        for axes, _, own in panels:
            for index, category in enumerate(categories):
                shift = (index - (len(categories) - 1) / 2) * 0.7 / len(categories)
                for row in select(own, category=category).itertuples(index=False):
                    at = (places[int(row.iteration)] if row.kind == LATER else len(times)) + shift
                    axes.plot([at] * 2, [row.ci_low, row.ci_high], color=colours[category], linewidth=1)
                    axes.plot([at], [row.value], color=colours[category], marker=markers[category], **style.EDGE)
                    if row.kind == LATER and pd.notna(row.observed):
                        axes.plot([at], [row.observed], color=style.INK, marker="x", markersize=4, linestyle="")
            multiples.share_axis(axes)
            ticks = {place: str(time) for time, place in places.items()}
            ticks |= {len(times): "∞"} if len(select(rows, kind=FIXED_POINT)) else {}
            axes.set_xticks(list(ticks), list(ticks.values()))
            axes.set_xlim(-0.5, len(times) + 0.5)
        basis = int(rows["predicted_from"].iloc[0])
        cross = multiples.line_key("observed", color=style.INK, marker="x", linestyle="")
        keys = [*multiples.category_keys({name: colours[name] for name in categories}, markers), cross]
        how = (
            f"x-axis: image, ∞: fixed point; y-axis: share of images, predicted from the steps up to image {basis}. "
            "Lines: 95 % prediction intervals, at ∞ confidence intervals."
        )
        return multiples.finish(figure, title, keys, [how, *filter(None, [note])], [multiples.missing_intervals(rows)])
