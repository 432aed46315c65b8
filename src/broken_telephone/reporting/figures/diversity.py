"""Draws the diversity of images and texts over iterations: curves with bands, one panel per label."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.statistics.tables.diversity import BETWEEN, IMAGES, RECOGNISED, TEXTS, WITHIN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CURVES: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    (IMAGES, BETWEEN): ("images of different starts", {"color": "#332288", "linestyle": "-", "marker": "o"}),
    (IMAGES, WITHIN): ("images of one start", {"color": "#332288", "linestyle": "--", "marker": "s"}),
    (TEXTS, BETWEEN): ("texts of different starts", {"color": "#117733", "linestyle": "-", "marker": "o"}),
    (TEXTS, WITHIN): ("texts of one start", {"color": "#117733", "linestyle": "--", "marker": "s"}),
    (IMAGES, RECOGNISED): ("original recognised", {"color": "#882255", "linestyle": ":", "marker": "^"}),
}


def diversity_figure(diversity: pd.DataFrame, start: str = "image") -> "Figure":
    """Draw one panel per label: mean cosine distances, and how often the original is recognised.

    Args:
        diversity: the `diversity` table.
        start: of the chains: image or prompt.
    """
    title = f"Diversity over iterations, {multiples.STARTS[start]}"
    rows = select(diversity, start=start)
    drawn = {key: look for key, look in _CURVES.items() if len(select(rows, kind=key[0], measure=key[1]))}
    if not drawn:
        return multiples.blank(title, f"the table has no distances in {multiples.STARTS[start]}")
    rows = pd.concat([select(rows, kind=kind, measure=measure) for kind, measure in drawn])
    times = sorted(int(k) for k in rows["iteration"].unique())
    with style.styled():
        figure, panels = multiples.label_panels(rows, 1.62, 1.45)
        numbers = rows[["value", "ci_high"]].to_numpy(float, na_value=np.nan)
        highest = 1.05 * numbers[np.isfinite(numbers)].max(initial=0.1)
        for axes, _, own in panels:
            for (kind, measure), (_, look) in drawn.items():
                line = select(own, kind=kind, measure=measure).sort_values("iteration")
                at, value, low, high = (
                    line[name].astype(float) for name in ("iteration", "value", "ci_low", "ci_high")
                )
                multiples.band(axes, at, low, high, look["color"], alpha=0.15)
                axes.plot(at, value, markevery=len(times) // 12 + 1, **look)
            axes.set_xticks(times[:: len(times) // 8 + 1])
            axes.set_ylim(0, highest)
        keys = [multiples.line_key(name, **look) for name, look in drawn.values()]
        how = (
            "x-axis: iteration; y-axis: mean cosine distance, and share of comparisons in which the original of the "
            "chain's own start is the more similar one. Bands: 95 % intervals."
        )
        return multiples.finish(figure, title, keys, [how], [multiples.missing_intervals(rows)])
