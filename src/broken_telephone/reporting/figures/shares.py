"""Draws the shares of the categories, from the originals to the last iteration: stacked bars, one panel per label."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.shown_iterations import spread
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics.tables.shares_table import DATASET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAR, _GAP = 0.15, 0.5
_DRAWN = 12
"""Iterations after the originals that have a stack, at most."""
_TWO_DIGITS = 99


def shares_figure(
    shares: pd.DataFrame,
    attribute: str,
    start: str = "image",
    colours: Mapping[str, str] | None = None,
    note: str = "",
) -> "Figure":
    """Draw one panel per label with one stack per set of images: the originals twice, then every iteration.

    The step from D (the data set's labels of the originals) to 0 (the annotator's labels of the same) is annotator
    error; changes after 0 are drift. The number below counts images with a category.

    Args:
        shares: as `statistics.shares_table` returns it; the first of several annotators is drawn.
        attribute: the attribute to draw.
        start: of the chains: image or prompt.
        colours: of the categories, if not those of `category_colours`.
        note: further note below the figure; empty for none.
    """
    title = f"Shares of {spoken(attribute)}, {multiples.STARTS[start]}"
    rows = select(shares, attribute=attribute, start=start)
    if rows.empty:
        return multiples.blank(title, f"the table has no shares of {spoken(attribute)} in {multiples.STARTS[start]}")
    categories = style.categories_of(attribute, shares)
    colours = colours or style.category_colours(attribute, categories)
    annotators = [name for name in dict.fromkeys(rows["annotator"]) if name != DATASET]
    rows = rows[rows["annotator"].isin([DATASET, *annotators[:1]])]
    every = sorted({int(k) for k in rows["iteration"] if k > 0})
    left_out = set(every) - set(spread(every, _DRAWN))
    rows = rows[~rows["iteration"].isin(left_out)]
    bars = _bar_positions(rows)
    with style.styled():
        figure, panels = multiples.label_panels(rows, max((len(bars) + _GAP) * _BAR + 0.12, 0.95), 1.5)
        for axes, _, own in panels:
            _draw_stacks(axes, own, bars, colours)
        keys = [multiples.patch_key(spoken(category), color=colours[category]) for category in categories]
        notes, missing = _notes(bars, annotators, start)
        if left_out:
            notes[0] += f" {len(every) - len(left_out)} of {len(every)} iterations are drawn."
        return multiples.finish(figure, title, keys, [*notes, *filter(None, [note])], missing)


def _bar_positions(rows: pd.DataFrame) -> dict[tuple[str, int], float]:
    """Return the position of each stack; a gap separates the originals from drawn images."""
    stacks = sorted(
        {(int(k), name != DATASET, str(name)) for k, name in zip(rows["iteration"], rows["annotator"], strict=True)}
    )
    gap = _GAP if any(k == 0 for k, *_ in stacks) else 0.0
    return {(name, k): place + gap * (k > 0) for place, (k, _, name) in enumerate(stacks)}


def _draw_stacks(
    axes: "Axes", rows: pd.DataFrame, bars: Mapping[tuple[str, int], float], colours: Mapping[str, str]
) -> None:
    sizes, stacks = [], {}
    for (annotator, iteration), place in bars.items():
        bar = select(rows, annotator=annotator, iteration=iteration).dropna(subset=["share"])
        bar = bar[bar["n"] > 0]
        if len(bar):
            sizes.append(int(bar["n"].iloc[0]))
            stacks[place] = dict(zip(bar["category"].astype(str), bar["share"], strict=True))
    for place in bars.values() if stacks else ():
        if place not in stacks:
            axes.text(place, 0.5, "no category", rotation=90, ha="center", va="center", style="italic")
    bottoms = np.zeros(len(stacks))
    for category, colour in colours.items() if stacks else ():
        heights = np.array([stack.get(category, 0.0) for stack in stacks.values()])
        axes.bar(list(stacks), heights, 0.84, bottoms, color=colour, edgecolor="white", linewidth=0.3, label=category)
        bottoms = bottoms + heights
    if not stacks:
        multiples.write_reason(axes, rows, "no image has a category", 0.9)
    axes.set_xticks(list(bars.values()), ["D" if name == DATASET else str(k) for name, k in bars])
    if max(k for _, k in bars) > _TWO_DIGITS:
        # Numbers of three digits are wider than a bar.
        axes.tick_params(axis="x", rotation=90)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.7, max(bars.values()) + 0.7)
    multiples.share_axis(axes, margin=0)
    few, many = min(sizes, default=0), max(sizes, default=0)
    axes.set_xlabel(f"n = {few}" if few == many else f"n = {few} to {many}")


def _notes(bars: Mapping[tuple[str, int], float], annotators: list[str], start: str) -> tuple[list[str], list[str]]:
    """Return how to read the figure, and what is missing."""
    by_dataset = any(name == DATASET for name, _ in bars)
    iterations = [k for name, k in bars if name != DATASET]
    drawn = [k for k in iterations if k > 0]
    span = str(drawn[0]) if len(drawn) == 1 else f"{min(drawn)} to {max(drawn)}" if drawn else ""
    notes = [
        "D: originals, labelled by the data set" if by_dataset else "",
        f"0: originals, labelled by {annotators[0]}" if 0 in iterations else "",
        f"{span}: images of these iterations, labelled by {annotators[0]}" if drawn else "",
        "n: images with a category",
    ]
    missing = [
        "" if start != "image" or by_dataset else "labels of the data set",
        "" if drawn else "images after the originals",
        f"other annotators than {annotators[0]}: {', '.join(annotators[1:])}" if annotators[1:] else "",
    ]
    return ["; ".join(text for text in notes if text) + "."], missing
