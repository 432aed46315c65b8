"""Draws which attributes the descriptions mention: curves over images, one panel per label."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics.tables.mentions import AGREEMENT, MENTIONED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# These differ from all colours of categories and of similarities.
_COLOURS = ("#332288", "#117733", "#882255", "#B8860B", "#44AA99", "#666666")
_LINES = {MENTIONED: "-", AGREEMENT: "--"}


def mentions_figure(table: pd.DataFrame, start: str = "image") -> "Figure":
    """Draw one panel per label with one colour per attribute.

    A solid line with a 95 % band is the share of descriptions that mention the attribute. A dashed line is the share of
    agreement with the first image among the descriptions that name one category.

    Args:
        table: the `mention_shares` table.
        start: of the chains: image or prompt.
    """
    title = f"Attributes in the descriptions, {multiples.STARTS[start]}"
    rows = select(table, start=start)
    rows = rows[rows["measure"].astype(str).isin(_LINES)]
    mentioned = select(rows, measure=MENTIONED)
    attributes = [str(name) for name in dict.fromkeys(mentioned.loc[mentioned["value"] > 0, "attribute"])]
    if not attributes:
        return multiples.blank(title, "no description mentions an attribute")
    colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(attributes)}
    times = sorted(int(k) for k in rows["iteration"].unique())
    with style.styled():
        figure, panels = multiples.label_panels(rows, 1.62, 1.45)
        for axes, _, own in panels:
            for attribute, colour in colours.items():
                _draw_curve(axes, select(own, attribute=attribute, measure=AGREEMENT), AGREEMENT, colour)
                _draw_curve(axes, select(own, attribute=attribute, measure=MENTIONED), MENTIONED, colour)
            axes.set_xticks(multiples.iteration_ticks(times))
            axes.set_xlim(times[0] - 0.3, times[-1] + 0.3)
            multiples.share_axis(axes)
        keys = [multiples.line_key(spoken(name), color=colour, marker="o") for name, colour in colours.items()]
        keys += [
            multiples.line_key("mentioned, 95 % interval", color=style.INK, linestyle="-"),
            multiples.line_key("agrees with the first image", color=style.INK, linestyle="--"),
        ]
        how = (
            "x-axis: image that the description is about. y-axis: share of descriptions (mentioned), or share of those "
            "that name exactly one of the annotator's categories (agrees)."
        )
        never = [name for name in dict.fromkeys(mentioned["attribute"].astype(str)) if name not in attributes]
        missing = [f"{', '.join(map(spoken, never))}, which no description mentions" if never else ""]
        return multiples.finish(figure, title, keys, [how], missing)


def _draw_curve(axes: "Axes", rows: pd.DataFrame, measure: str, colour: str) -> None:
    rows = rows[rows["value"].notna()].sort_values("iteration")
    times, value, low, high = (rows[name].astype(float) for name in ("iteration", "value", "ci_low", "ci_high"))
    if measure == MENTIONED:
        multiples.band(axes, times, low, high, colour)
    marker = "o" if measure == MENTIONED else "x"
    look: dict[str, Any] = {"marker": marker, "markersize": 3, **multiples.line_look(times)}
    axes.plot(times, value, color=colour, linestyle=_LINES[measure], **look)
