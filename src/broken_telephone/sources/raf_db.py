"""RAF-DB basic in its official layout: aligned portraits, one person each.

Reads `EmoLabel/list_patition_label.txt` (the name is spelt so) and `Annotation/manual/`. Leaves out
the landmarks, `Annotation/auto` and `Annotation/boundingbox`, whose boxes lie in the original
pictures: the aligned ones are cut to the face, so position and size are unknown here (null).
"""

import logging
import re
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.labels import RAF
from broken_telephone.sources.people import people_table, read_text, safe_name

logger = logging.getLogger(__name__)

LABELS = "EmoLabel/list_patition_label.txt"
IMAGES = "Image/aligned"
ANNOTATIONS = "Annotation/manual"
_LANDMARKS = 5
_CODES = ("gender", "ethnicity", "age")
_STEM = re.compile(r"(train|test)_\w+")


def read(folder: Path) -> pd.DataFrame:
    """Read the people of RAF-DB; demographic columns are null for pictures without a manual annotation.

    Raises:
        StudyError: naming the file, the line and the value.
    """
    rows = _read_labels(folder / LABELS)
    without = 0
    for row in rows:
        file = folder / ANNOTATIONS / f"{row['image_id']}_manu_attri.txt"
        if file.exists():
            row |= _read_attributes(file)
        else:
            without += 1
    if without:
        logger.warning(
            "%d of %d pictures have no file in %s: their age, gender and ethnicity are unknown",
            without,
            len(rows),
            folder / ANNOTATIONS,
        )
    return people_table(rows, RAF)


def _read_labels(file: Path) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.split()
        if len(parts) != 2:
            raise StudyError(f"{file}, line {number}: {line!r} is not a picture's name and a code")
        name = safe_name(parts[0], file, f"line {number}")
        stem = Path(name).stem
        if not (split := _STEM.fullmatch(stem)):
            raise StudyError(f"{file}, line {number}: {name!r} starts with neither train_ nor test_")
        if stem in rows:
            raise StudyError(f"{file}, line {number}: {name!r} occurs a second time")
        try:
            emotion = RAF.concepts["emotion"].read_code(parts[1])
        except ValueError as error:
            raise StudyError(f"{file}, line {number}: emotion {error}") from None
        rows[stem] = {
            "person_id": stem,
            "image_id": stem,
            "dataset": "raf_db",
            "split": split[1],
            "image_path": f"{IMAGES}/{stem}_aligned.jpg",
            "is_main": True,
            "emotion": emotion,
        }
    if not rows:
        raise StudyError(f"{file} lists no pictures")
    return list(rows.values())


def _read_attributes(file: Path) -> dict[str, str]:
    """Read gender, race and age: the three lines after five landmarks."""
    lines = [
        (number, line.strip()) for number, line in enumerate(read_text(file).splitlines(), start=1) if line.strip()
    ]
    if len(lines) != _LANDMARKS + len(_CODES):
        raise StudyError(
            f"{file} has {len(lines)} lines, not {_LANDMARKS} landmarks and the codes of gender, race and age"
        )
    values = {}
    for name, (number, code) in zip(_CODES, lines[_LANDMARKS:], strict=True):
        try:
            values[name] = RAF.attributes[name].read_code(code)
        except ValueError as error:
            raise StudyError(f"{file}, line {number}: {name} {error}") from None
    return values
