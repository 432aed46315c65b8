"""Draws trajectories of the shares over iterations, and their fixed points: lines with bands, one panel per label."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics.tables.shares_table import DATASET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def trajectories_figure(
    shares: pd.DataFrame,
    trajectories: pd.DataFrame,
    attribute: str,
    start: str = "image",
    colours: Mapping[str, str] | None = None,
    note: str = "",
) -> "Figure":
    """Draw one panel per label with one line per category: its share with a 95 % band, and its fixed point.

    A line that leaves its own band at the left has drifted. A line that has reached its mark above the infinity sign
    has settled. The mark is the fixed point of the observed steps, with its 95 % interval.

    Args:
        shares: as `statistics.shares_table` returns it; the annotator's shares are drawn.
        trajectories: as `statistics.trajectories_table` returns it.
        attribute: the attribute to draw.
        start: of the chains: image or prompt.
        colours: of the categories, if not those of `category_colours`.
        note: further note below the figure; empty for none.
    """
    title = f"Shares of {spoken(attribute)} over iterations, {multiples.STARTS[start]}"
    rows = select(shares, attribute=attribute, start=start)
    rows = rows[rows["annotator"] != DATASET] if len(rows) else rows
    if rows.empty:
        return multiples.blank(title, f"the table has no shares of {spoken(attribute)} in {multiples.STARTS[start]}")
    rows = rows[rows["annotator"] == rows["annotator"].iloc[0]]
    categories = style.categories_of(attribute, shares)
    colours = colours or style.category_colours(attribute, categories)
    fixed_points = select(trajectories, attribute=attribute, start=start, kind="fixed point")
    times = sorted(int(k) for k in rows["iteration"].unique())
    with style.styled():
        markers = style.category_markers(categories)
        # Many lines need more height to be distinguishable.
        figure, panels = multiples.label_panels(rows, 1.62, 1.45 + 0.08 * max(len(categories) - 3, 0))
        for axes, label, own in panels:
            _draw_lines(axes, own, times, colours, markers)
            _draw_fixed_points(axes, select(fixed_points, label=label), times, colours, categories)
        has_fixed_points = len(fixed_points) and fixed_points["value"].notna().any()
        bands = "Bands" if len(times) > 1 else "Lines"
        end = " ∞: fixed points of the observed steps, with 95 % intervals." if has_fixed_points else ""
        how = f"x-axis: iteration; y-axis: share of images. {bands}: 95 % intervals.{end}"
        missing = [
            "" if len(times) > 1 else "other iterations, so there are no lines over them",
            "" if has_fixed_points else "fixed points",
            multiples.missing_intervals(rows, "share")
            or (multiples.missing_intervals(fixed_points) if has_fixed_points else ""),
        ]
        keys = multiples.category_keys(colours, markers)
        return multiples.finish(figure, title, keys, [how, *filter(None, [note])], missing)


def _draw_lines(
    axes: "Axes", rows: pd.DataFrame, times: Sequence[int], colours: Mapping[str, str], markers: Mapping[str, str]
) -> None:
    for category, marker in markers.items():
        line = select(rows, category=category).set_index("iteration")[["share", "ci_low", "ci_high"]].reindex(times)
        line = line.astype(float)
        if line["share"].notna().any():
            multiples.band(axes, times, line["ci_low"], line["ci_high"], colours[category])
            look = {"marker": marker, **multiples.line_look(times), **style.EDGE}
            axes.plot(times, line["share"], color=colours[category], label=category, **look)
    if rows["share"].isna().all():
        multiples.write_reason(axes, rows, "no image has a category", 1.2)
    multiples.share_axis(axes)


def _draw_fixed_points(
    axes: "Axes", rows: pd.DataFrame, times: Sequence[int], colours: Mapping[str, str], categories: Sequence[str]
) -> None:
    """Draw fixed points beside each other, in the order of the categories, right of a dotted line."""
    length = max(times[-1] - times[0], 1)
    width, begin = 0.3 * length, times[-1] + 0.12 * length
    axes.set_xlim(times[0] - 0.08 * length, begin + width + 0.04 * length)
    ticks: dict[float, str] = {k: str(k) for k in multiples.iteration_ticks(times, 6)}
    if len(rows) and rows["value"].notna().any():
        axes.axvline(begin - 0.03 * length, color=style.INK, linewidth=0.5, linestyle=":")
        step = width / len(categories)
        for place, category in enumerate(categories):
            for row in select(rows, category=category).itertuples(index=False):
                middle, half = begin + (place + 0.5) * step, 0.42 * min(step, 0.12 * length)
                axes.plot([middle] * 2, [row.ci_low, row.ci_high], color=colours[category], linewidth=1)
                axes.plot([middle - half, middle + half], [row.value] * 2, color=colours[category], linewidth=2.4)
        ticks[begin + width / 2] = "∞"
    axes.set_xticks(list(ticks), list(ticks.values()))
