"""Draws contact sheets: one row per chain, with the original, all iterations and their descriptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from broken_telephone.pictures.thumbnails import GAP, TILE, tile
from broken_telephone.reporting.fonts import draw_line, wrapped

_LINE = 13
_CAPTION = 10
_LINES = 5
_HEAD = 30
_INK, _FAINT, _PAPER = "#1b1b1b", "#6b6b6b", "#ffffff"


@dataclass(frozen=True)
class Row:
    """Holds one chain: images 0 to N (None for a missing one) and a caption below each."""

    images: Sequence[Image.Image | None]
    captions: Sequence[str]


def contact_sheet(title: str, blocks: Mapping[str, Sequence[Row]]) -> Image.Image:
    """Draw one block of rows per label, with the blocks in two columns of about equal height.

    Args:
        title: the line at the top.
        blocks: label -> its chains; all rows have the same number of images.

    Returns:
        An RGB image; each tile is 128 x 128 pixels.
    """
    columns = max(len(row.images) for rows in blocks.values() for row in rows)
    width = columns * (TILE + GAP) + 2 * GAP
    left, right = _two_columns(blocks)
    tall = max(sum(_height(blocks[label]) for label in side) for side in (left, right))
    sheet = Image.new("RGB", (width * (2 if right else 1), tall + _HEAD + GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (GAP, GAP), title, sheet.width - 2 * GAP, 14, _FAINT)
    for x, side in ((GAP, left), (GAP + width, right)):
        y = _HEAD
        for label in side:
            _write(draw, (x, y + 6), label, width - 2 * GAP, 18, _INK)
            for index, row in enumerate(blocks[label]):
                _draw_row(sheet, row, x, y + _HEAD + index * _row_height())
            y += _height(blocks[label])
    return sheet


def _two_columns(blocks: Mapping[str, Sequence[Row]]) -> tuple[list[str], list[str]]:
    """Split the labels, in their order, so that the halves are closest in height."""
    labels = list(blocks)
    heights = [_height(blocks[label]) for label in labels]
    cut = min(range(1, len(labels) + 1), key=lambda n: (abs(sum(heights[:n]) - sum(heights[n:])), -n))
    return labels[:cut], labels[cut:]


def _row_height() -> int:
    return TILE + _LINES * _LINE + 2 * GAP


def _height(rows: Sequence[Row]) -> int:
    return _HEAD + len(rows) * _row_height()


def _draw_row(sheet: Image.Image, row: Row, x: int, y: int) -> None:
    draw = ImageDraw.Draw(sheet)
    for image, caption in zip(row.images, row.captions, strict=True):
        sheet.paste(tile(image), (x, y))
        for number, line in enumerate(wrapped(caption, TILE, _CAPTION, _LINES)):
            draw_line(draw, (x, y + TILE + 3 + number * _LINE), line, _CAPTION, _FAINT)
        x += TILE + GAP


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, room: int, size: int, fill: str) -> None:
    """Write one line; a text that does not fit ends in an ellipsis."""
    draw_line(draw, at, wrapped(text, room, size, most=1)[0], size, fill)
