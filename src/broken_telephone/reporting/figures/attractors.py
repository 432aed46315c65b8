"""Draws the motifs in which chains end: a table of shares, motifs by labels."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.figures.style import labels_of
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.wording import spoken

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 12
"""Motifs that are drawn, the largest first."""


def attractors_figure(attractors: pd.DataFrame, start: str = "image") -> "Figure":
    """Draw a table of percentages: rows are labels, columns motifs of the last images, then images without a motif.

    Args:
        attractors: the `attractors` table.
        start: of the chains: image or prompt.
    """
    from matplotlib.figure import Figure

    title = f"Motifs of the last images, {multiples.STARTS[start]}"
    rows = select(attractors, start=start)
    if rows.empty:
        return multiples.blank(title, f"the table has no motifs in {multiples.STARTS[start]}")
    labels = labels_of(rows)
    motifs = [int(k) for k in sorted(rows["motif"].unique()) if k][:_MOST]
    shares = rows.astype({"label": str, "motif": int, "value": float}).pivot(
        index="label", columns="motif", values="value"
    )
    cells = shares.reindex(index=labels, columns=[*motifs, 0]).to_numpy(float)
    with style.styled():
        figure = Figure(
            figsize=(max(1.4 + 0.42 * (len(motifs) + 1), multiples.NARROW), 0.5 + 0.24 * len(labels)),
            layout="constrained",
        )
        axes = figure.add_subplot()
        axes.imshow(np.nan_to_num(cells), cmap="Greys", vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(cells):
            colour = "white" if value > 0.55 else style.INK
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=colour)
        axes.set_xticks(range(len(motifs) + 1), [*map(str, motifs), "none"])
        axes.set_yticks(range(len(labels)), [spoken(label) for label in labels])
        axes.tick_params(length=0)
        last, more = int(rows["iteration"].iloc[0]), int(rows["motif"].max()) - len(motifs)
        how = f"Columns: motifs of image {last}, the largest first; cells: per cent of the label's images."
        return multiples.finish(figure, title, [], [how], [f"{more} smaller motifs"] if more > 0 else [])
