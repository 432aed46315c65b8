"""Small multiples: panels in rows, the title and the legend above them, and how to read them below."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures.style import (
    EDGE,
    LARGE,
    MIDDLE,
    NARROW,
    SMALL,
    WIDTH,
    inches_of,
    spoken,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 0.125
"""Inches a line of small text takes."""
STARTS = {"image": "chains from images", "prompt": "chains from prompts"}


def some(table: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Return the rows with these values; a column that is not there says nothing."""
    for column, value in where.items():
        if column in table:
            table = table[table[column] == value]
    return table


def packed(names: Sequence[str], wide: float, beside: float) -> list[list[str]]:
    """Arrange panels of so many inches in rows of about equal length, beside so many inches of words."""
    most = max(int((WIDTH - beside) / wide + 1e-9), 1)
    columns = math.ceil(len(names) / max(math.ceil(len(names) / most), 1))
    return [list(names[place : place + columns]) for place in range(0, len(names), max(columns, 1))]


def panels(rows: Sequence[Sequence[str]], wide: float, high: float, beside: float) -> "tuple[Figure, list[Axes]]":
    """Return a figure and its panels, titled, in order.

    Args:
        rows: names of the panels of each row.
        wide: inches of a panel.
        high: inches of a panel with its ticks.
        beside: inches of the words at the left.
    """
    from matplotlib.figure import Figure

    columns = max(len(row) for row in rows)
    width = max(beside + columns * wide, NARROW)
    room = (width - beside) / columns - 0.08
    titles = [[wrapped(spoken(name), room, MIDDLE) for name in row] for row in rows]
    heights = [high + LINE * (1 + max(title.count("\n") for title in row)) for row in titles]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    grid = figure.add_gridspec(len(rows), columns, height_ratios=heights)
    found = []
    for line, row in enumerate(titles):
        for place, title in enumerate(row):
            axes = figure.add_subplot(grid[line, place])
            axes.set_title(title)
            axes.tick_params(labelleft=place == 0)
            found.append(axes)
    return figure, found


def finish(figure: "Figure", title: str, keys: "Sequence[Artist]", notes: Sequence[str]) -> "Figure":
    """Write the title, the legend and the notes; the figure grows by what they take."""
    from matplotlib.lines import Line2D

    width, height = figure.get_size_inches()
    title = wrapped(title, width - 0.2, LARGE, "bold")
    below = "\n".join(wrapped(note, width - 0.2) for note in notes if note)
    widest = max((inches_of(str(key.get_label())) for key in keys), default=0.0) + 0.5
    columns = max(int((width - 0.1) / widest), 1)
    above = 0.3 + 0.16 * title.count("\n") + 0.16 * math.ceil(len(keys) / columns)
    figure.set_size_inches(width, height + above + (LINE * (below.count("\n") + 1) + 0.05 if below else 0))
    if keys:
        # One box, because a title and a legend beside it would both be put at the edge.
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
        figure.suptitle(title, x=0.06 / width, ha="left", fontsize=LARGE, fontweight="bold")
    if below:
        figure.supxlabel(below, x=0.06 / width, ha="left", fontsize=SMALL, linespacing=1.15)
    return figure


def blank(title: str, missing: str) -> "Figure":
    """Return a figure that says what there is not."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(NARROW, 0.25), layout="constrained")
    return finish(figure, title, [], [missing])


def say(axes: "Axes", text: str, inches: float) -> None:
    """Write into an empty panel why it is empty."""
    axes.text(0.5, 0.5, wrapped(text, inches), transform=axes.transAxes, ha="center", va="center", style="italic")


def reasons(rows: pd.DataFrame, otherwise: str) -> str:
    """Return what the notes of rows without values say."""
    said = [note for note in dict.fromkeys(rows["note"].dropna().astype(str)) if note] if "note" in rows else []
    return "; ".join(said) or otherwise


def line_keys(colours: Mapping[str, str], markers: Mapping[str, str]) -> "list[Artist]":
    """Return a key a category that is drawn as a line."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=colours[name], marker=mark, label=spoken(name), **EDGE) for name, mark in markers.items()
    ]


def missing(*what: str) -> str:
    """Return a note of what is not drawn; empty strings are not missing."""
    there = "; ".join(text for text in what if text)
    return f"Missing: {there}." if there else ""


def lone(rows: pd.DataFrame, value: str = "value") -> str:
    """Return that some intervals are missing, if values stand without."""
    without = rows[value].notna() & rows["ci_low"].isna()
    return "intervals where there are too few starts" if without.any() else ""
