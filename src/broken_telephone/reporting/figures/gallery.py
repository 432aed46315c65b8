"""Pictures with their maps: which part of each supports the word, and where the regions are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from broken_telephone.reporting.figures.multiples import finish
from broken_telephone.reporting.figures.style import OKABE_ITO, SMALL, WIDTH, styled, wrapped
from broken_telephone.reporting.fonts import drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 6
_SIDE = 1.12
_COLOURS = {"hair": OKABE_ITO[1], "face": OKABE_ITO[2], "body": OKABE_ITO[3]}


@dataclass(frozen=True)
class Overlay:
    """A picture that a word was explained in."""

    image: Image.Image
    activation: np.ndarray
    """(height, width) of any size, from 0 to 1."""
    regions: np.ndarray
    """uint8 (height, width) of any size, places in `names`."""
    names: Sequence[str]
    """Of the regions."""
    words: str
    """Below the picture."""


def gallery_figure(title: str, overlays: Sequence[Overlay]) -> "Figure":
    """Draw pictures in two rows each: as they are, and below with the map over them and the regions' outlines.

    Args:
        title: above all.
        overlays: one at least.
    """
    with styled():
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D

        blocks = [overlays[begin : begin + COLUMNS] for begin in range(0, len(overlays), COLUMNS)]
        figure = Figure(figsize=(WIDTH, len(blocks) * (2 * _SIDE + 0.42)), layout="constrained")
        grid = figure.add_gridspec(2 * len(blocks), COLUMNS)
        for block, some in enumerate(blocks):
            for column, one in enumerate(some):
                above, below = (figure.add_subplot(grid[2 * block + k, column]) for k in (0, 1))
                for axes in (above, below):
                    axes.imshow(one.image)
                    axes.set_axis_off()
                _lay_over(below, one)
                below.set_title(wrapped(drawable(one.words), _SIDE), y=-0.04, va="top", fontsize=SMALL)
        keys = [Line2D([], [], color=colour, label=f"outline of {name}") for name, colour in _COLOURS.items()]
        return finish(
            figure,
            drawable(title),
            keys,
            ["The yellower and the less transparent, the more that place supports the word."],
        )


def _lay_over(axes: object, one: Overlay) -> None:
    width, height = one.image.size
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    shown = one.activation.astype(float)
    # What supports nothing is left as it is.
    axes.imshow(  # type: ignore[attr-defined]
        shown, cmap="autumn", alpha=0.8 * shown, extent=extent, interpolation="nearest", vmin=0, vmax=1
    )
    rows, columns = one.regions.shape
    x, y = (np.arange(columns) + 0.5) * width / columns - 0.5, (np.arange(rows) + 0.5) * height / rows - 0.5
    for name, colour in _COLOURS.items():
        where = one.regions == list(one.names).index(name)
        if where.any() and not where.all() and min(where.shape) > 1:
            axes.contour(x, y, where, levels=[0.5], colors=[colour], linewidths=0.8)  # type: ignore[attr-defined]
