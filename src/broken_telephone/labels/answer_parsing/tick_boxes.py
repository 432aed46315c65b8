"""Parses ticked and blank boxes before or behind options."""

import re

_TICKED = r"\[\s*[xX✓✔]\s*\]|\(\s*[xX✓✔]\s*\)|[☑☒✅✓✔●◉]"
_BLANK = r"\[\s*\]|\(\s*\)|[☐□○◯]"
_BOX = re.compile(rf"({_TICKED})|({_BLANK})")


def has_boxes(part: str) -> bool:
    """Return whether a part of an answer contains boxes."""
    return _BOX.search(part) is not None


def ticked_options(part: str) -> str:
    """Return the ticked options. Boxes stand before the options if the part begins with a box, else behind them."""
    boxes = list(_BOX.finditer(part))
    if re.search(r"\w", part[: boxes[0].start()]):
        before = [0, *(match.end() for match in boxes)]
        pieces = (part[start : box.start()] for start, box in zip(before, boxes, strict=False) if box[1])
        return " / ".join(re.split(r"[/|,;\n]", piece.strip(" /|,;\n"))[-1] for piece in pieces)
    after = [*(match.start() for match in boxes[1:]), len(part)]
    return " / ".join(part[box.end() : end] for box, end in zip(boxes, after, strict=True) if box[1])
