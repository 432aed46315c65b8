"""Chooses the main person of a picture: the person whose box has the largest area.

- A box is invalid if it is not four finite numbers, smaller than a pixel, or outside its picture. It becomes null.
- A box that is partly outside counts as annotated.
- If several boxes are equally large, the first in the file is the main person's.
- A person without a box is the main person only if the picture has no other person.

Each of these cases except the last is recorded as a defect.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from broken_telephone.ingestion.reader_result import Findings, Row

BOX = ("x", "y", "width", "height")


def read_box(value: Any, findings: Findings, file: Path, row: str) -> dict[str, float]:
    """Return x, y, width and height in pixels; an empty dictionary for an invalid box."""
    if value is None:
        findings.note("unknown", "person without a box", file, row)
        return {}
    numbers = isinstance(value, list | tuple) and len(value) == 4 and all(map(_is_number, value))
    if not numbers:
        advice = "Four numbers in pixels: left, top, width, height. 1,234 has two meanings: write 1234 or 1.234"
        findings.note("unknown", "box is not [x, y, width, height]", file, row, value, advice)
        return {}
    if value[2] <= 0 or value[3] <= 0:
        findings.note("unknown", "box without an area", file, row, value)
        return {}
    if value[2] < 1 or value[3] < 1:
        advice = "Boxes are in pixels: multiply fractions by the picture's width and height"
        findings.note("unknown", "box smaller than a pixel", file, row, value, advice)
        return {}
    return dict(zip(BOX, map(float, value), strict=True))


def choose_main(people: list[Row], sizes: Mapping[str, tuple[int, int]], findings: Findings) -> list[Row]:
    """Add `is_main` to the rows, and group the rows by picture.

    Args:
        people: rows with image_id, image_path and, if known, a box.
        sizes: image_path -> width and height. Boxes of other pictures are not checked.
        findings: collects the defects.
    """
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in people:
        groups[row["image_id"]].append(_inside(row, sizes.get(row["image_path"]), findings))
    chosen = []
    for image_id, rows in groups.items():
        areas = [row["width"] * row["height"] if "width" in row else 0.0 for row in rows]
        largest = max(areas)
        if not largest and len(rows) > 1:
            problem = "image without a main person: nobody has a box"
            findings.note("kept", problem, rows[0]["file"], f"image {image_id}")
        if largest and areas.count(largest) > 1:
            problem = "several largest boxes: the first is the main person"
            findings.note("kept", problem, rows[0]["file"], f"image {image_id}")
        main = areas.index(largest) if largest or len(rows) == 1 else None
        chosen += [row | {"is_main": number == main} for number, row in enumerate(rows)]
    return chosen


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


def _inside(row: Row, size: tuple[int, int] | None, findings: Findings) -> Row:
    if size is None or "width" not in row:
        return row
    x, y, right, bottom = row["x"], row["y"], row["x"] + row["width"], row["y"] + row["height"]
    box = [row[name] for name in BOX]
    if x >= size[0] or y >= size[1] or right <= 0 or bottom <= 0:
        findings.note("unknown", "box outside the image", row["file"], row["row"], box)
        return {name: value for name, value in row.items() if name not in BOX}
    # Annotators round to whole pixels, so one pixel beyond the edge is allowed.
    if x < -1 or y < -1 or right > size[0] + 1 or bottom > size[1] + 1:
        findings.note("kept", "box partly outside the image", row["file"], row["row"], box)
    return row
