"""Draws reliability diagrams: the share of right answers against the probability that the annotator states."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.statistics.tables.reliability import ACCURACY, DRAWN, ERROR, ORIGINALS, RECALIBRATED, STATED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL = 1.7
"""Inches of a panel."""
_LOOKS = {
    STATED: {"color": style.OKABE_ITO[0], "marker": "o", "label": STATED, **style.EDGE},
    RECALIBRATED: {
        "color": style.OKABE_ITO[1],
        "marker": "s",
        "label": f"{RECALIBRATED}, on other starts",
        **style.EDGE,
    },
}


def reliability_figure(reliability: pd.DataFrame) -> "Figure":
    """Draw one row for each kind of picture and reference, with one panel per attribute.

    Below the diagonal, the annotator is surer than it is right.

    Args:
        reliability: the table `reliability`.
    """
    title = "Reliability of the closed-form probabilities"
    attributes = list(dict.fromkeys(reliability["attribute"].astype(str)))
    pairs = reliability[["kind", "reference"]].astype(str).drop_duplicates().itertuples(index=False, name=None)
    kinds = sorted(pairs, key=lambda pair: (ORIGINALS, DRAWN).index(pair[0]))
    cells = [(attribute, kind, reference) for kind, reference in kinds for attribute in attributes]
    names = [[f"{attribute}, {kind}, by {reference}" for attribute in attributes] for kind, reference in kinds]
    with style.styled():
        room = (style.WIDTH - multiples.NUMBERS) / len(attributes)
        figure, panels = multiples.panels(names, min(_PANEL, room), _PANEL, multiples.NUMBERS)
        for axes, (attribute, kind, reference) in zip(panels, cells, strict=True):
            _draw(axes, select(reliability, attribute=attribute, kind=kind, reference=reference))
        keys = [multiples.line_key(linestyle="", **look) for look in _LOOKS.values()]
        how = (
            "x-axis: probability that the annotator states. y-axis: share of right answers. Diagonal: calibrated. "
            "Vertical lines: 95 % intervals. ECE: expected calibration error."
        )
        return multiples.finish(figure, title, keys, [how])


def _draw(axes: "Axes", own: pd.DataFrame) -> None:
    axes.plot([0, 1], [0, 1], color=style.PALE, linewidth=0.8)
    axes.set_xlim(-0.03, 1.03)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    multiples.share_axis(axes)
    errors = []
    for place, (method, look) in enumerate(_LOOKS.items()):
        bins = select(own, method=method, measure=ACCURACY)
        values = bins[["confidence", "value", "ci_low", "ci_high"]].to_numpy(dtype=float)
        if len(values):
            x = values[:, 0] + 0.008 * (place - 0.5)
            axes.vlines(x, values[:, 2], values[:, 3], color=look["color"], linewidth=0.8)
            axes.plot(x, values[:, 1], linestyle="", **look)
        error = select(own, method=method, measure=ERROR)
        if len(error) and np.isfinite(float(error["value"].iloc[0])):
            errors.append(f"{method} {float(error['value'].iloc[0]):.2f}")
    text = "\n".join(["ECE", *errors]) if errors else "no labels\nby people"
    axes.text(0.02, 0.98, text, transform=axes.transAxes, va="top", fontsize=style.SMALL)
