"""Draws matrices of changes: a row for each category, a column for each label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.text.wording import points, spoken
from broken_telephone.statistics import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HATCH = "////"
_ROW, _COLUMN, _LONGEST = 0.21, 0.68, 1.0
FRAME: dict[str, Any] = {"facecolor": "white", "edgecolor": style.INK, "linewidth": 1.4}
"""Look of the key of a framed cell."""


def matrix(labels: Sequence[str], names: Sequence[str], groups: Sequence[str]) -> "tuple[Figure, Axes]":
    """Return an empty matrix with the names of its columns and rows; lines separate the groups of rows.

    Args:
        labels: names of the columns.
        names: names of the rows.
        groups: of each row, the group that it belongs to.
    """
    from matplotlib.figure import Figure

    left = max(style.inches_of(name) for name in names) + 0.2
    column = min(max(_COLUMN, (style.NARROW - left) / len(labels)), (style.WIDTH - left) / len(labels))
    room = column - 0.06
    columns = [style.wrapped(spoken(label), room) for label in labels]
    above = multiples.LINE * (max(name.count("\n") for name in columns) + 1) + 0.1
    is_upright = any(style.inches_of(word) > room for label in labels for word in spoken(label).split())
    if is_upright:
        columns = [style.wrapped(spoken(label), _LONGEST) for label in labels]
        above = max(style.inches_of(line) for name in columns for line in name.split("\n")) + 0.1
    width = max(left + column * len(labels), style.NARROW)
    figure = Figure(figsize=(width, _ROW * len(names) + above), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(0, len(labels))
    axes.set_ylim(len(names), 0)
    axes.set_xticks([place + 0.5 for place in range(len(labels))], columns)
    if is_upright:
        axes.tick_params(axis="x", labelrotation=90)
    axes.set_yticks([place + 0.5 for place in range(len(names))], names)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    for place in range(1, len(groups)):
        if groups[place] != groups[place - 1]:
            axes.axhline(place, color=style.PALE, linewidth=0.6, zorder=3)
    if ALL in labels and len(labels) > 1:
        axes.axvline(labels.index(ALL), color=style.INK, linewidth=0.5, linestyle=":", zorder=3)
    return figure, axes


def draw_change(axes: "Axes", column: int, line: int, value: float, reach: float, is_framed: bool) -> None:
    """Draw a cell with a change in points: its sign and size as text, and darker the larger it is.

    Args:
        axes: of the matrix.
        column: place of its label.
        line: place of its category.
        value: the change, -1 to 1.
        reach: the largest change of the matrix.
        is_framed: whether the cell has a frame and bold type.
    """
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    colour = colormaps["PuOr_r"](0.5 + 0.32 * (value / reach if reach else 0.0))
    axes.add_patch(Rectangle((column, line), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.6))
    if is_framed:
        frame: dict[str, Any] = {"fill": False, "edgecolor": style.INK, "linewidth": 1.2, "zorder": 4}
        axes.add_patch(Rectangle((column + 0.04, line + 0.08), 0.92, 0.84, **frame))
    write_cell(axes, column, line, signed_points(value), is_framed)


def write_cell(axes: "Axes", column: int, line: int, text: str, is_bold: bool = False) -> None:
    """Write a text into a cell."""
    weight = "bold" if is_bold else "normal"
    axes.text(column + 0.5, line + 0.52, text, ha="center", va="center", color=style.INK, weight=weight)


def draw_hatched(axes: "Axes", column: int, line: int) -> None:
    """Draw a hatched cell, which has no value that counts."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((column, line), 1, 1, facecolor="white", edgecolor=style.NEVER, hatch=HATCH, linewidth=0))


def hatched_key(label: str) -> Any:
    """Return the key of hatched cells."""
    return multiples.patch_key(label, facecolor="white", edgecolor=style.PALE, hatch=HATCH)


def signed_points(value: float) -> str:
    """Write a change in points with its sign."""
    text = points(value, unit=False)
    return f"+{text}" if value > 0 and text != "0" else text
