"""Draws transitions between categories from one image to the next: one heat map per label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.wording import NO_VALUE, spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL, _ROW, _LONGEST = 0.22, 0.19, 1.2


def transitions_figure(trajectories: pd.DataFrame, attribute: str, start: str = "image", note: str = "") -> "Figure":
    """Draw one panel per label: rows are categories in one image, columns those in the next, cells per cent.

    Each row sums to 100. Dark cells on the diagonal: people keep their category. A dark column: all move to that
    category. A grey row: the category never occurred before a step, so its transitions are unknown.

    Args:
        trajectories: as `statistics.trajectories_table` returns it.
        attribute: the attribute to draw.
        start: of the chains: image or prompt.
        note: further note below the figure; empty for none.
    """
    title = f"Transitions between categories of {spoken(attribute)} in one step, {multiples.STARTS[start]}"
    rows = select(trajectories, attribute=attribute, start=start, kind="transition")
    if rows.empty:
        return multiples.blank(
            title, f"the table has no transitions of {spoken(attribute)} in {multiples.STARTS[start]}"
        )
    categories = style.categories_of(attribute, trajectories)
    with style.styled():
        names = [style.wrapped(spoken(category), _LONGEST) for category in categories]
        reach = max((style.inches_of(line) for name in names for line in name.split("\n")), default=0.0)
        lines = max((name.count("\n") + 1 for name in names), default=1) * multiples.LINE
        width = max(max(_CELL, lines) * len(categories) + 0.12, 1.0)
        height = max(max(_ROW, lines) * len(categories), 0.5)
        figure, panels = multiples.label_panels(rows, width, height + 0.25, reach + 0.3)
        empty = [spoken(label) for axes, label, own in panels if not _draw_cells(axes, own, categories, names)]
        total_width, total_height = figure.get_size_inches()
        figure.set_size_inches(total_width, total_height + reach)
        never = multiples.patch_key("never seen before a step", facecolor=style.NEVER, edgecolor=style.PALE)
        keys = [never] if rows.dropna(subset=["category"])["value"].isna().any() else []
        how = "Row: category in an image; column: category in the next; cells: per cent of the row. n: transitions."
        missing = [f"transitions of {', '.join(empty)}"] if empty else []
        return multiples.finish(figure, title, keys, [how, *filter(None, [note])], missing)


def _draw_cells(axes: "Axes", rows: pd.DataFrame, categories: Sequence[str], names: Sequence[str]) -> bool:
    """Draw the transition matrix of a label; return whether there is any transition."""
    size = len(categories)
    matrix = np.full((size, size), np.nan)
    moves = rows.dropna(subset=["category", "to_category"])
    for row in moves.itertuples(index=False):
        matrix[categories.index(str(row.category)), categories.index(str(row.to_category))] = row.value
    axes.set_facecolor(style.NEVER if len(moves) else "white")
    if not len(moves):
        multiples.write_reason(axes, rows, "no transitions", max(_CELL * size, 0.9))
    else:
        axes.pcolormesh(np.ma.masked_invalid(matrix), cmap="Blues", vmin=0, vmax=1, edgecolor="white", linewidth=0.6)
        for (row, column), value in np.ndenumerate(matrix):
            text = NO_VALUE if np.isnan(value) else f"{100 * value:.0f}"
            colour = "white" if value > 0.55 else style.INK
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=colour)
    axes.set_xlim(0, max(size, 1))
    axes.set_ylim(max(size, 1), 0)
    axes.set_yticks(np.arange(size) + 0.5, names)
    axes.tick_params(length=0)
    steps = int(moves.drop_duplicates("category")["n"].sum())
    axes.set_title(f"{axes.get_title()}\nn = {steps:,}", linespacing=1.15)
    # The columns are named above the panels of the first row, which is never shorter than another.
    is_first = axes.get_subplotspec().is_first_row()  # type: ignore[union-attr]
    axes.set_xticks(np.arange(size) + 0.5, names, rotation=90)
    axes.tick_params(labelbottom=False, labeltop=is_first)
    axes.spines[:].set_visible(False)
    return bool(len(moves))
