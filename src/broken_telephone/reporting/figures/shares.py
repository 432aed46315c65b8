"""What people the pictures show, from the originals to the last iteration: stacked bars, side by side per label."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures.multiples import (
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
from broken_telephone.reporting.figures.style import categories_of, category_colours, labels_of, spoken, styled
from broken_telephone.statistics.tables.shares_table import DATASET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAR, _GAP, _BESIDE = 0.15, 0.5, 0.5


def shares_figure(
    shares: pd.DataFrame, attribute: str, start: str = "image", colours: Mapping[str, str] | None = None
) -> "Figure":
    """Draw a panel a label, a stack a set of pictures: the originals twice, then those of every iteration.

    Read from left to right: from D (what the data set says of the originals) to 0 (what the annotator says of the same)
    is the annotator's doing; from 0 on is drift. The number below is of pictures with a category.

    Args:
        shares: as `measures.shares_table` returns it. Of several annotators, the first is drawn.
        attribute: which.
        start: of the chains: image or prompt.
        colours: of the categories, where not those of `category_colours`.
    """
    title = f"Shares of {spoken(attribute)}, {STARTS[start]}"
    shown = some(shares, attribute=attribute, start=start)
    if shown.empty:
        return blank(title, f"Nothing to draw: the table has no shares of {spoken(attribute)} in {STARTS[start]}.")
    categories = categories_of(attribute, shares)
    colours = colours or category_colours(attribute, categories)
    others = [name for name in dict.fromkeys(shown["annotator"]) if name != DATASET]
    shown = shown[shown["annotator"].isin([DATASET, *others[:1]])]
    bars = _bars(shown)
    with styled():
        from matplotlib.patches import Patch

        labels, wide = labels_of(shown), (len(bars) + _GAP) * _BAR + 0.12
        figure, found = panels(packed(labels, max(wide, 0.95), _BESIDE), max(wide, 0.95), 1.5, _BESIDE)
        for axes, label in zip(found, labels, strict=True):
            _stacks(axes, some(shown, label=label), bars, colours)
        keys = [Patch(color=colours[category], label=spoken(category)) for category in categories]
        return finish(figure, title, keys, _notes(bars, others, start))


def _bars(shown: pd.DataFrame) -> dict[tuple[str, int], float]:
    """Return where each stack stands; a gap parts originals from generated pictures."""
    pairs = sorted(
        {(int(k), a != DATASET, str(a)) for k, a in zip(shown["iteration"], shown["annotator"], strict=True)}
    )
    gap = _GAP if any(k == 0 for k, *_ in pairs) else 0.0
    return {(a, k): place + gap * (k > 0) for place, (k, _, a) in enumerate(pairs)}


def _stacks(
    axes: "Axes", rows: pd.DataFrame, bars: Mapping[tuple[str, int], float], colours: Mapping[str, str]
) -> None:
    sizes, drawn = [], {}
    for (annotator, iteration), place in bars.items():
        bar = some(rows, annotator=annotator, iteration=iteration).dropna(subset=["share"])
        bar = bar[bar["n"] > 0]
        if len(bar):
            sizes.append(int(bar["n"].iloc[0]))
            drawn[place] = dict(zip(bar["category"].astype(str), bar["share"], strict=True))
        else:
            axes.text(place, 0.5, "no category", rotation=90, ha="center", va="center", style="italic")
    bottoms = np.zeros(len(drawn))
    for category, colour in colours.items() if drawn else ():
        heights = np.array([shares.get(category, 0.0) for shares in drawn.values()])
        axes.bar(list(drawn), heights, 0.84, bottoms, color=colour, edgecolor="white", linewidth=0.3, label=category)
        bottoms = bottoms + heights
    if not sizes:
        for text in list(axes.texts):
            text.remove()
        say(axes, reasons(rows, "no picture has a category"), 0.9)
    axes.set_xticks(list(bars.values()), ["D" if name == DATASET else str(k) for name, k in bars])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.7, max(bars.values()) + 0.7)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    few, many = min(sizes, default=0), max(sizes, default=0)
    axes.set_xlabel(f"n = {few}" if few == many else f"n = {few} to {many}")


def _notes(bars: Mapping[tuple[str, int], float], others: list[str], start: str) -> list[str]:
    stated = any(name == DATASET for name, _ in bars)
    drawn = [k for name, k in bars if name != DATASET]
    after = [k for k in drawn if k > 0]
    notes = [
        "D: originals as the data set labels them" if stated else "",
        f"0: originals as {others[0]} labels them" if 0 in drawn else "",
        f"{_span(after)}: pictures of these iterations, as {others[0]} labels them" if after else "",
        "n: pictures with a category",
    ]
    without = missing(
        "" if start != "image" or stated else "no labels of the data set",
        "" if after else "no pictures after the originals",
        f"only {others[0]} is drawn, not {', '.join(others[1:])}" if others[1:] else "",
    )
    return ["; ".join(text for text in notes if text) + ".", without]


def _span(iterations: list[int]) -> str:
    return str(iterations[0]) if len(iterations) == 1 else f"{min(iterations)} to {max(iterations)}"
