"""Who becomes whom from one picture to the next: a heat map of moves per label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures.multiples import (
    LINE,
    STARTS,
    blank,
    finish,
    missing,
    packed,
    panels,
    reasons,
    say,
    some,
)
from broken_telephone.reporting.figures.style import (
    INK,
    NEVER,
    PALE,
    categories_of,
    inches_of,
    labels_of,
    spoken,
    styled,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL, _ROW, _LONGEST = 0.22, 0.19, 1.2


def transitions_figure(trajectories: pd.DataFrame, attribute: str, start: str = "image") -> "Figure":
    """Draw a panel a label: rows are the category in one picture, columns that in the next, cells per cent.

    Each row sums to 100. Dark cells on the diagonal: people stay what they are; a dark column: all become that.
    A grey row: nobody was ever there before a step, so nothing is known of it.

    Args:
        trajectories: as `measures.transitions.trajectories_table` returns it.
        attribute: which.
        start: of the chains: image or prompt.
    """
    title = f"Moves between categories of {spoken(attribute)} in one step, {STARTS[start]}"
    shown = some(trajectories, attribute=attribute, start=start, kind="transition")
    if shown.empty:
        return blank(title, f"Nothing to draw: the table has no moves of {spoken(attribute)} in {STARTS[start]}.")
    categories = categories_of(attribute, trajectories)
    with styled():
        from matplotlib.patches import Patch

        labels = labels_of(shown)
        names = [wrapped(spoken(category), _LONGEST) for category in categories]
        reach = max((inches_of(line) for name in names for line in name.split("\n")), default=0.0)
        lines = max((name.count("\n") + 1 for name in names), default=1) * LINE
        wide = max(max(_CELL, lines) * len(categories) + 0.12, 1.0)
        high = max(max(_ROW, lines) * len(categories), 0.5)
        figure, found = panels(packed(labels, wide, reach + 0.3), wide, high + 0.25, reach + 0.3)
        drawn = [
            _cells(axes, some(shown, label=label), categories, names) for axes, label in zip(found, labels, strict=True)
        ]
        _above(found, names)
        width, height = figure.get_size_inches()
        figure.set_size_inches(width, height + reach)
        seen = shown.dropna(subset=["category"])
        never = bool(len(seen)) and bool(seen["value"].isna().any())
        keys = [Patch(facecolor=NEVER, edgecolor=PALE, label="never seen before a step")] if never else []
        notes = "Row: category in a picture; column: category in the next one; cells: per cent of the row's moves."
        gone = [spoken(label) for label, there in zip(labels, drawn, strict=True) if not there]
        return finish(figure, title, keys, [notes, missing(f"moves of {', '.join(gone)}" if gone else "")])


def _cells(axes: "Axes", rows: pd.DataFrame, categories: Sequence[str], names: Sequence[str]) -> bool:
    size = len(categories)
    table = np.full((size, size), np.nan)
    moves = rows.dropna(subset=["category", "to"])
    for row in moves.itertuples(index=False):
        table[categories.index(str(row.category)), categories.index(str(row.to))] = row.value
    axes.set_facecolor(NEVER)
    if not len(moves):
        axes.set_facecolor("white")
        say(axes, reasons(rows, "no moves"), max(_CELL * size, 0.9))
    else:
        axes.pcolormesh(np.ma.masked_invalid(table), cmap="Blues", vmin=0, vmax=1, edgecolor="white", linewidth=0.6)
        for (row, column), value in np.ndenumerate(table):
            text = "\N{EN DASH}" if np.isnan(value) else f"{100 * value:.0f}"
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=_on(value))
    axes.set_xlim(0, max(size, 1))
    axes.set_ylim(max(size, 1), 0)
    axes.set_yticks(np.arange(size) + 0.5, names)
    axes.tick_params(length=0)
    steps = int(moves.drop_duplicates("category")["n"].sum())
    axes.set_title(f"{axes.get_title()}\n{steps} move{'s' * (steps != 1)}", linespacing=1.15)
    return bool(len(moves))


def _on(value: float) -> str:
    return "white" if value > 0.55 else INK


def _above(found: "Sequence[Axes]", names: Sequence[str]) -> None:
    """Name the columns above the panels of the first row, which is never shorter than another."""
    for axes in found:
        first = axes.get_subplotspec().is_first_row()  # type: ignore[union-attr]
        axes.set_xticks(np.arange(len(names)) + 0.5, names, rotation=90)
        axes.tick_params(labelbottom=False, labeltop=first)
        axes.spines[:].set_visible(False)
