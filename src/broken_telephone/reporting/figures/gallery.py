"""Draws a gallery of images with attribution maps and outlines of the regions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from broken_telephone.reporting.figures.multiples import finish, line_key
from broken_telephone.reporting.figures.style import OKABE_ITO, SMALL, WIDTH, styled, wrapped
from broken_telephone.reporting.fonts import drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 6
_SIDE = 1.12
_LONGEST = 224
"""Pixels of an image's longer side, 200 for each inch."""
_COLOURS = {"hair": OKABE_ITO[1], "face": OKABE_ITO[2], "body": OKABE_ITO[3]}
_OF_PROPS = OKABE_ITO[0]


@dataclass(frozen=True)
class Overlay:
    """Holds an image with the attribution map of a word."""

    image: Image.Image
    activation: np.ndarray
    """(height, width) of any size, from 0 to 1."""
    regions: np.ndarray
    """uint8 (height, width) of any size: indices of `names`."""
    names: Sequence[str]
    """Names of the regions."""
    words: str
    """Text below the image."""
    props: np.ndarray | None = None
    """bool, of the size of `regions`: pixels of props, where they are known."""


def gallery_figure(title: str, overlays: Sequence[Overlay]) -> "Figure":
    """Draw each image twice: unchanged above, with its map and the regions' outlines below.

    Args:
        title: of the figure.
        overlays: at least one.
    """
    with styled():
        from matplotlib.figure import Figure

        blocks = [overlays[begin : begin + COLUMNS] for begin in range(0, len(overlays), COLUMNS)]
        figure = Figure(figsize=(WIDTH, len(blocks) * (2 * _SIDE + 0.42)), layout="constrained")
        grid = figure.add_gridspec(2 * len(blocks), COLUMNS)
        for block, row in enumerate(blocks):
            for column, overlay in enumerate(row):
                above, below = (figure.add_subplot(grid[2 * block + k, column]) for k in (0, 1))
                for axes in (above, below):
                    axes.imshow(_small(overlay.image), extent=_extent(overlay.image), interpolation="none")
                    axes.set_axis_off()
                _draw_map(below, overlay)
                below.set_title(wrapped(drawable(overlay.words), _SIDE), y=-0.04, va="top", fontsize=SMALL)
        keys = [line_key(f"outline of {name}", color=colour) for name, colour in _COLOURS.items()]
        if any(overlay.props is not None for overlay in overlays):
            keys.append(line_key("outline of props", color=_OF_PROPS))
        return finish(figure, drawable(title), keys, ["Yellow and opaque places support the word most."])


def _small(image: Image.Image) -> Image.Image:
    """Return an image of at most _LONGEST pixels a side. Without interpolation, an SVG holds these pixels, not more."""
    small = image.copy()
    small.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    return small


def _extent(image: Image.Image) -> tuple[float, float, float, float]:
    return -0.5, image.width - 0.5, image.height - 0.5, -0.5


def _draw_map(axes: Any, overlay: Overlay) -> None:
    import matplotlib as mpl

    width, height = overlay.image.size
    # Places without support stay unchanged. Opacity is part of the colours: SVG files ignore an array of opacities.
    activation = overlay.activation.astype(float)
    colours = mpl.colormaps["autumn"](activation)
    colours[..., 3] = 0.8 * activation
    axes.imshow(colours, extent=_extent(overlay.image), interpolation="none")
    rows, columns = overlay.regions.shape
    x, y = (np.arange(columns) + 0.5) * width / columns - 0.5, (np.arange(rows) + 0.5) * height / rows - 0.5
    outlines = [(overlay.regions == list(overlay.names).index(name), colour) for name, colour in _COLOURS.items()]
    if overlay.props is not None:
        background = overlay.regions == list(overlay.names).index("background")
        outlines.append((overlay.props & background, _OF_PROPS))
    for inside, colour in outlines:
        if inside.any() and not inside.all() and min(inside.shape) > 1:
            axes.contour(x, y, inside, levels=[0.5], colors=[colour], linewidths=0.8)
