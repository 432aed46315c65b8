"""Where the shares go, iteration by iteration, and where they would come to rest: lines with bands, per label."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures.multiples import (
    STARTS,
    blank,
    finish,
    line_keys,
    lone,
    missing,
    packed,
    panels,
    reasons,
    say,
    some,
)
from broken_telephone.reporting.figures.style import (
    EDGE,
    INK,
    categories_of,
    category_colours,
    category_markers,
    labels_of,
    spoken,
    styled,
)
from broken_telephone.statistics.tables.shares_table import DATASET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE, _BESIDE = 1.62, 0.5


def trajectories_figure(
    shares: pd.DataFrame,
    trajectories: pd.DataFrame,
    attribute: str,
    start: str = "image",
    colours: Mapping[str, str] | None = None,
) -> "Figure":
    """Draw a panel a label, a line a category: its share in every picture with a 95 % band, and its fixed point.

    A line that leaves its own band at the left has drifted; one that has reached its mark above the sign of infinity
    has settled. The mark is where the steps seen so far lead, if all go on alike; the line through it is its 95 %
    interval.

    Args:
        shares: as `measures.shares_table` returns it; those the annotator gives are drawn.
        trajectories: as `measures.transitions.trajectories_table` returns it.
        attribute: which.
        start: of the chains: image or prompt.
        colours: of the categories, where not those of `category_colours`.
    """
    title = f"Shares of {spoken(attribute)} over iterations, {STARTS[start]}"
    shown = some(shares, attribute=attribute, start=start)
    shown = shown[shown["annotator"] != DATASET] if len(shown) else shown
    if shown.empty:
        return blank(title, f"Nothing to draw: the table has no shares of {spoken(attribute)} in {STARTS[start]}.")
    shown = shown[shown["annotator"] == shown["annotator"].iloc[0]]
    categories = categories_of(attribute, shares)
    colours = colours or category_colours(attribute, categories)
    ends = some(trajectories, attribute=attribute, start=start, kind="fixed point")
    times = sorted(int(k) for k in shown["iteration"].unique())
    with styled():
        labels, markers = labels_of(shown), category_markers(categories)
        # More lines take more room to be told apart.
        high = 1.45 + 0.08 * max(len(categories) - 3, 0)
        figure, found = panels(packed(labels, _WIDE, _BESIDE), _WIDE, high, _BESIDE)
        for axes, label in zip(found, labels, strict=True):
            _lines(axes, some(shown, label=label), times, colours, markers)
            _rests(axes, some(ends, label=label), times, colours, categories)
        return finish(figure, title, line_keys(colours, markers), _notes(times, ends, shown))


def _lines(
    axes: "Axes",
    rows: pd.DataFrame,
    times: Sequence[int],
    colours: Mapping[str, str],
    markers: Mapping[str, str],
) -> None:
    for category, marker in markers.items():
        line = some(rows, category=category).set_index("iteration")[["share", "ci_low", "ci_high"]].reindex(times)
        line = line.astype(float)
        if line["share"].notna().any():
            colour = colours[category]
            if len(times) > 1:
                axes.fill_between(times, line["ci_low"], line["ci_high"], color=colour, alpha=0.13, linewidth=0)
            else:
                axes.plot([times[0]] * 2, line[["ci_low", "ci_high"]].to_numpy()[0], color=colour, linewidth=1)
            axes.plot(times, line["share"], color=colour, marker=marker, label=category, **EDGE)
    if rows["share"].isna().all():
        say(axes, reasons(rows, "no picture has a category"), 1.2)
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])


def _rests(
    axes: "Axes", rows: pd.DataFrame, times: Sequence[int], colours: Mapping[str, str], categories: Sequence[str]
) -> None:
    """Fixed points stand beside each other, in the order of the categories, right of a dotted line."""
    length = max(times[-1] - times[0], 1)
    wide, begin = 0.3 * length, times[-1] + 0.12 * length
    axes.set_xlim(times[0] - 0.08 * length, begin + wide + 0.04 * length)
    step = max(len(times) // 8 + 1, 1)
    ticks: dict[float, str] = {k: str(k) for k in times[::step]}
    if len(rows) and rows["value"].notna().any():
        axes.axvline(begin - 0.03 * length, color=INK, linewidth=0.5, linestyle=":")
        each = wide / len(categories)
        for place, category in enumerate(categories):
            for row in some(rows, category=category).itertuples(index=False):
                middle, half = begin + (place + 0.5) * each, 0.42 * min(each, 0.12 * length)
                axes.plot([middle] * 2, [row.ci_low, row.ci_high], color=colours[category], linewidth=1)
                axes.plot([middle - half, middle + half], [row.value] * 2, color=colours[category], linewidth=2.4)
        ticks[begin + wide / 2] = "∞"
    axes.set_xticks(list(ticks), list(ticks.values()))


def _notes(times: Sequence[int], ends: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    rest = "; ∞: fixed points, where the steps seen so far lead, with their 95 % intervals"
    given = len(ends) and ends["value"].notna().any()
    bands = "bands" if len(times) > 1 else "lines"
    without = missing(
        "" if len(times) > 1 else "other iterations, so there are no lines over them",
        "" if given else "fixed points",
        lone(shown, "share") or (lone(ends) if given else ""),
    )
    return [
        f"Across: iteration; up: share of pictures; {bands}: 95 % intervals{rest if given else ''}.",
        without,
    ]
