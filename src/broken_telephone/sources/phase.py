"""PHASE: photographs of one to many people, each with a box and labels after a vote of three.

Reads the regions files of both splits. Leaves out the files with all three votes and the captions.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.labels import PHASE
from broken_telephone.sources.people import people_table, read_text, safe_name

REGIONS = {
    "train": "phase_gcc_train_regions_20221101.json",
    "val": "phase_gcc_val_regions_20221101.json",
}
IMAGES = "phase_images"
_PERSON = re.compile(r"person\d+")
# Their names of our columns, where they differ.
_THEIRS = {"skin_tone": "skintone"}


def read(folder: Path) -> pd.DataFrame:
    """Read the people of PHASE. The main person of a picture has the largest box (width x height).

    Of several equally large ones the first named is the main person.

    Raises:
        StudyError: naming the file, the picture, the person and the value.
    """
    files = {split: folder / name for split, name in REGIONS.items() if (folder / name).exists()}
    if not files:
        raise StudyError(f"{folder} has neither {' nor '.join(REGIONS.values())}")
    rows: list[dict[str, Any]] = []
    for split, file in files.items():
        for image_id, record in _load(file).items():
            rows += _people_of(image_id, record, split, file)
    if not rows:
        raise StudyError(f"{' and '.join(map(str, files.values()))} hold no people")
    return people_table(rows, PHASE)


def _load(file: Path) -> dict[str, Any]:
    try:
        records = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise StudyError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from None
    if not isinstance(records, dict):
        raise StudyError(f"{file} holds a {type(records).__name__}, not records by picture")
    return records


def _people_of(image_id: str, record: Any, split: str, file: Path) -> list[dict[str, Any]]:
    safe_name(image_id, file, "picture")
    if not isinstance(record, dict):
        raise StudyError(f"{file}, picture {image_id}: {record!r} is not a record")
    rows: list[dict[str, Any]] = []
    for key, person in record.items():
        if not _PERSON.fullmatch(key):
            continue
        row = f"picture {image_id}, {key}"
        x, y, width, height = _box(person, file, row)
        rows.append(
            {
                "person_id": f"{image_id}_{key}",
                "image_id": image_id,
                "dataset": "phase",
                "split": split,
                "image_path": f"{IMAGES}/{image_id}.png",
                "x": x,
                "y": y,
                "width": width,
                "height": height,
                "is_main": False,
                **_labels(person, file, row),
            }
        )
    if rows:
        max(rows, key=lambda row: row["width"] * row["height"])["is_main"] = True
    return rows


def _box(person: Any, file: Path, row: str) -> list[float]:
    """Return x, y, width and height in pixels."""
    box = person.get("region") if isinstance(person, dict) else None
    numbers = (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in box)
    )
    if not numbers or box is None or box[2] <= 0 or box[3] <= 0:
        raise StudyError(f"{file}, {row}: region {box!r} is not [x, y, width, height] in pixels")
    return [float(number) for number in box]


def _labels(person: dict[str, Any], file: Path, row: str) -> dict[str, str]:
    annotations = person.get("annotations")
    if not isinstance(annotations, dict):
        raise StudyError(f"{file}, {row}: annotations {annotations!r} are not a record")
    labels = {}
    for name, variable in PHASE.variables.items():
        word = annotations.get(_THEIRS.get(name, name))
        if word is None:
            continue
        try:
            labels[name] = variable.read_word(str(word))
        except ValueError as error:
            raise StudyError(f"{file}, {row}: {name} {error}") from None
    return labels
