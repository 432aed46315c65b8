"""Contact sheets: chains row by row, originals and iterations side by side, with what was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from broken_telephone.reporting.fonts import draw_line, wrapped

_TILE = 128
_GAP = 8
_LINE = 13
_CAPTION = 10
_LINES = 5
_HEAD = 30
_INK, _FAINT, _PAPER, _BLANK = "#1b1b1b", "#6b6b6b", "#ffffff", "#eeeeee"


@dataclass(frozen=True)
class Row:
    """One chain: pictures 0 ... N (None where there is none) and a caption under each."""

    images: Sequence[Image.Image | None]
    captions: Sequence[str]


def contact_sheet(title: str, blocks: Mapping[str, Sequence[Row]]) -> Image.Image:
    """Draw one block of rows per label, blocks in two columns of about equal height.

    Args:
        title: the line at the top.
        blocks: label -> its chains; all rows have the same number of pictures.

    Returns:
        An RGB picture; each tile is 128 x 128 pixels.
    """
    columns = max(len(row.images) for rows in blocks.values() for row in rows)
    width = columns * (_TILE + _GAP) + 2 * _GAP
    left, right = _two_columns(blocks)
    tall = max(sum(_height(blocks[label]) for label in side) for side in (left, right))
    sheet = Image.new("RGB", (width * (2 if right else 1), tall + _HEAD + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (_GAP, _GAP), title, sheet.width - 2 * _GAP, 14, _FAINT)
    for x, side in ((_GAP, left), (_GAP + width, right)):
        y = _HEAD
        for label in side:
            _write(draw, (x, y + 6), label, width - 2 * _GAP, 18, _INK)
            for index, row in enumerate(blocks[label]):
                _draw_row(sheet, row, x, y + _HEAD + index * _row_height())
            y += _height(blocks[label])
    return sheet


def thumbnails(images: Sequence[Image.Image], columns: int = 8) -> Image.Image:
    """Lay pictures out in a grid of 128-pixel tiles; without pictures, one blank tile."""
    rows = max(1, -(-len(images) // columns))
    across = max(1, min(columns, len(images)))
    grid = Image.new("RGB", (across * (_TILE + _GAP), rows * (_TILE + _GAP)), _PAPER)
    for index, image in enumerate(images):
        down, right = divmod(index, columns)
        grid.paste(_tile(image), (right * (_TILE + _GAP), down * (_TILE + _GAP)))
    return grid


def _two_columns(blocks: Mapping[str, Sequence[Row]]) -> tuple[list[str], list[str]]:
    """Split the labels, in their order, where the halves are closest in height."""
    labels = list(blocks)
    heights = [_height(blocks[label]) for label in labels]
    cut = min(range(1, len(labels) + 1), key=lambda n: (abs(sum(heights[:n]) - sum(heights[n:])), -n))
    return labels[:cut], labels[cut:]


def _row_height() -> int:
    return _TILE + _LINES * _LINE + 2 * _GAP


def _height(rows: Sequence[Row]) -> int:
    return _HEAD + len(rows) * _row_height()


def _draw_row(sheet: Image.Image, row: Row, x: int, y: int) -> None:
    draw = ImageDraw.Draw(sheet)
    for image, caption in zip(row.images, row.captions, strict=True):
        sheet.paste(_tile(image), (x, y))
        for number, line in enumerate(wrapped(caption, _TILE, _CAPTION, _LINES)):
            draw_line(draw, (x, y + _TILE + 3 + number * _LINE), line, _CAPTION, _FAINT)
        x += _TILE + _GAP


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, room: int, size: int, fill: str) -> None:
    """Write one line; a text that is wider than its room ends in an ellipsis."""
    draw_line(draw, at, wrapped(text, room, size, most=1)[0], size, fill)


def _tile(image: Image.Image | None) -> Image.Image:
    """Fit a picture into a tile without changing its shape."""
    tile = Image.new("RGB", (_TILE, _TILE), _BLANK)
    if image is not None:
        scale = _TILE / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        # Small pictures keep their pixels; large ones are averaged.
        how = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
        tile.paste(image.resize(size, how), ((_TILE - size[0]) // 2, (_TILE - size[1]) // 2))
    return tile
