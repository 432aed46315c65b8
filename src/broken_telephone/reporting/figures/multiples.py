"""Arranges small multiples: panels in rows, with a title and a legend above and notes below."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.style import (
    EDGE,
    LARGE,
    MIDDLE,
    NARROW,
    SMALL,
    WIDTH,
    inches_of,
    labels_of,
    wrapped,
)
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.shown_iterations import spread
from broken_telephone.reporting.text.wording import spoken

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 0.125
"""Inches that a line of small text takes."""
STARTS = {"image": "chains from images", "prompt": "chains from prompts"}
NUMBERS = 0.5
"""Inches that the numbers of a y-axis take."""
_MARKS = 12
"""Marks on a line, at most."""


def packed(names: Sequence[str], panel_width: float, left: float) -> list[list[str]]:
    """Arrange panels in rows of about equal length, right of `left` inches of text."""
    most = max(int((WIDTH - left) / panel_width + 1e-9), 1)
    columns = math.ceil(len(names) / max(math.ceil(len(names) / most), 1))
    return [list(names[place : place + columns]) for place in range(0, len(names), max(columns, 1))]


def panels(
    rows: Sequence[Sequence[str]], panel_width: float, panel_height: float, left: float
) -> "tuple[Figure, list[Axes]]":
    """Return a figure and its titled panels, in order.

    Args:
        rows: names of the panels of each row.
        panel_width: in inches.
        panel_height: in inches, with ticks.
        left: inches of the text at the left.
    """
    from matplotlib.figure import Figure

    columns = max(len(row) for row in rows)
    width = max(left + columns * panel_width, NARROW)
    room = (width - left) / columns - 0.08
    titles = [[wrapped(spoken(name), room, MIDDLE) for name in row] for row in rows]
    heights = [panel_height + LINE * (1 + max(title.count("\n") for title in row)) for row in titles]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    grid = figure.add_gridspec(len(rows), columns, height_ratios=heights)
    all_axes = []
    for line, row in enumerate(titles):
        for place, title in enumerate(row):
            axes = figure.add_subplot(grid[line, place])
            axes.set_title(title)
            axes.tick_params(labelleft=place == 0)
            all_axes.append(axes)
    return figure, all_axes


def label_panels(
    rows: pd.DataFrame, panel_width: float, panel_height: float, left: float = NUMBERS
) -> "tuple[Figure, list[tuple[Axes, str, pd.DataFrame]]]":
    """Return a figure and, for each label, its panel, its name and its rows."""
    labels = labels_of(rows)
    figure, all_axes = panels(packed(labels, panel_width, left), panel_width, panel_height, left)
    return figure, [(axes, label, select(rows, label=label)) for axes, label in zip(all_axes, labels, strict=True)]


def share_axis(axes: "Axes", margin: float = 0.03) -> None:
    """Set up a y-axis of shares, from 0 to 1."""
    axes.set_ylim(-margin, 1 + margin)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])


def band(axes: "Axes", times: Sequence[float], low: Any, high: Any, colour: str, alpha: float = 0.13) -> None:
    """Draw intervals over time as a band, or as a line at a single point in time."""
    if len(times) > 1:
        axes.fill_between(times, low, high, color=colour, alpha=alpha, linewidth=0)
    else:
        axes.vlines(times, low, high, color=colour, linewidth=1)


def iteration_ticks(times: Sequence[int], most: int = 9) -> list[int]:
    """Choose the iterations to label on an x-axis: all of up to `most`, else the first, the last and some between.

    The last tick that stands close to the last iteration makes room for it.
    """
    if len(times) <= most:
        return list(times)
    length = times[-1] - times[0]
    step = next(size * 10**power for power in range(10) for size in (1, 2, 5) if size * 10**power * 5 >= length)
    between = [k for k in times if k % step == 0 and times[0] + step / 2 <= k <= times[-1] - 0.6 * step]
    return [times[0], *(between or spread(times, 3)[1:-1]), times[-1]]


def line_look(times: Sequence[Any]) -> dict[str, Any]:
    """Return the look of a line over many iterations: few marks, which do not hide each other, and a thin line."""
    return {"markevery": -(-len(times) // _MARKS)} | ({"linewidth": 0.7} if len(times) > 2 * _MARKS else {})


def write_title(figure: "Figure", title: str) -> None:
    """Write the title of a figure at its left edge."""
    figure.suptitle(title, x=0.06 / figure.get_figwidth(), ha="left", fontsize=LARGE, fontweight="bold")


def finish(
    figure: "Figure", title: str, keys: "Sequence[Artist]", notes: Sequence[str], missing: Sequence[str] = ()
) -> "Figure":
    """Write the title, the legend, the notes and what is missing; the figure grows by the room that they take."""
    from matplotlib.lines import Line2D

    width, height = figure.get_size_inches()
    title = wrapped(title, width - 0.2, LARGE, "bold")
    absent = "; ".join(text for text in missing if text)
    below = "\n".join(wrapped(note, width - 0.2) for note in [*notes, *([f"Missing: {absent}."] if absent else [])])
    widest = max((inches_of(str(key.get_label())) for key in keys), default=0.0) + 0.5
    columns = max(int((width - 0.1) / widest), 1)
    above = 0.3 + 0.16 * title.count("\n") + 0.16 * math.ceil(len(keys) / columns)
    figure.set_size_inches(width, height + above + (LINE * (below.count("\n") + 1) + 0.05 if below else 0))
    if keys:
        # One box holds both, because a title and a legend beside it would overlap at the edge.
        figure.legend(
            handles=list(keys),
            loc="outside upper left",
            ncols=columns,
            title=title,
            title_fontproperties={"size": LARGE, "weight": "bold"},
            alignment="left",
            handlelength=2.4 if any(isinstance(key, Line2D) for key in keys) else 1.2,
            borderpad=0.2,
            borderaxespad=0.3,
            columnspacing=1.2,
            handletextpad=0.5,
        )
    else:
        write_title(figure, title)
    if below:
        figure.supxlabel(below, x=0.06 / width, ha="left", fontsize=SMALL, linespacing=1.15)
    return figure


def blank(title: str, reason: str) -> "Figure":
    """Return a figure without panels that gives the reason."""
    from matplotlib.figure import Figure

    return finish(Figure(figsize=(NARROW, 0.25), layout="constrained"), title, [], [f"Nothing to draw: {reason}."])


def write_reason(axes: "Axes", rows: pd.DataFrame, otherwise: str, inches: float) -> None:
    """Write into an empty panel why it is empty: the notes of its rows, or a text of our own."""
    text = wrapped(reasons(rows, otherwise), inches)
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", style="italic")


def reasons(rows: pd.DataFrame, otherwise: str) -> str:
    """Return the notes of rows without values."""
    notes = [note for note in dict.fromkeys(rows["note"].dropna().astype(str)) if note] if "note" in rows else []
    return "; ".join(notes) or otherwise


def line_key(label: str, **look: Any) -> "Artist":
    """Return the key of a line or a mark."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **look)


def patch_key(label: str, **look: Any) -> "Artist":
    """Return the key of an area."""
    from matplotlib.patches import Patch

    return Patch(label=label, **look)


def category_keys(colours: Mapping[str, str], markers: Mapping[str, str]) -> "list[Artist]":
    """Return a key for each category that is drawn as a line."""
    return [line_key(spoken(name), color=colours[name], marker=marker, **EDGE) for name, marker in markers.items()]


def missing_intervals(rows: pd.DataFrame, value: str = "value") -> str:
    """Return that some intervals are missing, if there are values without one."""
    without = rows[value].notna() & rows["ci_low"].isna()
    return "intervals where there are too few starts" if without.any() else ""
