"""How alike pictures and texts stay, to the step before and to where the chain began: curves with bands, per label."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.multiples import (
    STARTS,
    blank,
    finish,
    lone,
    missing,
    packed,
    panels,
    reasons,
    say,
    some,
)
from broken_telephone.reporting.figures.style import labels_of, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE, _BESIDE = 1.62, 0.5
# None of the colours of categories.
_KINDS = {"image-image": "#332288", "text-text": "#117733", "image-text": "#882255"}
_WORDS = {
    ("image-image", "previous"): "picture and the one before",
    ("image-image", "origin"): "picture and the first",
    ("text-text", "previous"): "text and the one before",
    ("text-text", "origin"): "text and the first",
    ("image-text", "previous"): "picture and its text",
    ("image-text", "origin"): "picture and the first text",
}
_PAIRS: dict[str, tuple[Any, str]] = {"previous": ("-", "o"), "origin": ("--", "s")}


def similarity_figure(curves: pd.DataFrame, start: str = "image") -> "Figure":
    """Draw a panel a label, a curve a kind and pair: mean cosine similarity in every iteration with a 95 % band.

    Colour is what is compared, a full line with what came just before, a broken line with the origin of the chain. A
    broken line that falls while the full one stays high: each step changes little, and the small changes add up.

    Args:
        curves: label, start (where there is one), pair (previous | origin), kind (image-image | text-text |
            image-text), iteration, value, ci_low, ci_high.
        start: of the chains: image or prompt.
    """
    title = f"Similarity over iterations, {STARTS[start]}"
    shown = some(curves, start=start)
    if shown.empty:
        return blank(title, f"Nothing to draw: the table has no similarities in {STARTS[start]}.")
    times = sorted(int(k) for k in shown["iteration"].dropna().unique())
    drawn = [(kind, pair) for kind, pair in _WORDS if len(some(shown, kind=kind, pair=pair))]
    with styled():
        from matplotlib.lines import Line2D

        labels = labels_of(shown)
        figure, found = panels(packed(labels, _WIDE, _BESIDE), _WIDE, 1.45, _BESIDE)
        low, high = _ends(shown)
        for axes, label in zip(found, labels, strict=True):
            rows = some(shown, label=label)
            for kind, pair in drawn:
                _curve(axes, some(rows, kind=kind, pair=pair), kind, pair)
            if rows["value"].isna().all():
                say(axes, reasons(rows, "no pairs"), 1.2)
            axes.set_xticks(times[:: len(times) // 8 + 1])
            axes.set_xlim(times[0] - 0.3, times[-1] + 0.3)
            axes.set_ylim(low, high)
        keys = [
            Line2D(
                [],
                [],
                color=_KINDS[kind],
                linestyle=_PAIRS[pair][0],
                marker=_PAIRS[pair][1],
                label=_WORDS[kind, pair],
            )
            for kind, pair in drawn
        ]
        return finish(figure, title, keys, _notes(shown, times))


def _curve(axes: "Axes", rows: pd.DataFrame, kind: str, pair: str) -> None:
    rows = rows.sort_values("iteration")
    (line, marker), colour, times = _PAIRS[pair], _KINDS[kind], rows["iteration"].astype(float)
    low, high = rows["ci_low"].astype(float), rows["ci_high"].astype(float)
    if len(rows) > 1:
        axes.fill_between(times, low, high, color=colour, alpha=0.15, linewidth=0)
    else:
        axes.vlines(times, low, high, color=colour, linewidth=1)
    label = f"{kind}, {pair}"
    axes.plot(times, rows["value"].astype(float), color=colour, linestyle=line, marker=marker, label=label)


def _ends(shown: pd.DataFrame) -> tuple[float, float]:
    values = shown[["value", "ci_low", "ci_high"]].astype(float)
    low, high = values.min().min(), values.max().max()
    return (-0.05, 1.05) if pd.isna(low) else (min(low - 0.05, 0.9), max(high + 0.05, low + 0.2))


def _notes(shown: pd.DataFrame, times: list[int]) -> list[str]:
    without = missing(
        "" if len(times) > 1 else "other iterations, so there are no curves over them",
        "values where there are no pairs" if shown["value"].isna().any() else "",
        lone(shown),
        *(f"{kind} similarity" for kind in _KINDS if not (shown["kind"] == kind).any()),
    )
    bands = "bands" if len(times) > 1 else "lines"
    how = f"Across: iteration; up: mean cosine similarity; {bands}: 95 % intervals."
    return [how, without]
