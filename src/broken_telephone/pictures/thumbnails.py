"""Fits images into square tiles and lays tiles out in a grid."""

from collections.abc import Sequence

from PIL import Image

TILE, GAP = 128, 8
"""Pixels of a tile's side and between tiles."""
_PAPER, _BLANK = "#ffffff", "#eeeeee"


def thumbnails(images: Sequence[Image.Image], columns: int = 8) -> Image.Image:
    """Lay images out in a grid of tiles; without images, the grid is one blank tile."""
    rows = max(1, -(-len(images) // columns))
    across = max(1, min(columns, len(images)))
    grid = Image.new("RGB", (across * (TILE + GAP), rows * (TILE + GAP)), _PAPER)
    for index, image in enumerate(images):
        down, right = divmod(index, columns)
        grid.paste(tile(image), (right * (TILE + GAP), down * (TILE + GAP)))
    return grid


def tile(image: Image.Image | None) -> Image.Image:
    """Fit an image into an RGB tile without changing its shape; None gives a blank tile."""
    fitted = Image.new("RGB", (TILE, TILE), _BLANK)
    if image is not None:
        scale = TILE / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        # Small images keep their pixels; large ones are averaged.
        how = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
        fitted.paste(image.resize(size, how), ((TILE - size[0]) // 2, (TILE - size[1]) // 2))
    return fitted
