"""Reads COCO pictures with captions, and with skin tone and gender of the person with the largest box.

The files are COCO's `captions_val2014.json` and `images_val2014.csv`, a table of annotations per image with columns id,
bb_skin and bb_gender. Each image is one person without a box, because the annotators labelled only the largest person.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import Listing, is_text, read_records
from broken_telephone.ingestion.files.table_files import read_csv
from broken_telephone.ingestion.reader_result import Findings, ReaderResult, person_row
from broken_telephone.labels import COCO

CAPTIONS = "captions_val2014.json"
LABELS = "images_val2014.csv"
_IMAGES = "val2014"
# Programs that support missing numbers write 42.0.
_ID = re.compile(r"([0-9]{1,12})(?:\.0)?")
_COLUMNS = {"gender": "bb_gender", "skin_tone": "bb_skin"}


def read(folder: Path, findings: Findings) -> ReaderResult:
    """Read one person per image, and all captions of these images.

    Raises:
        StudyError: if a file is missing or has another format.
    """
    captions, labels = (_find_file(folder, name) for name in (CAPTIONS, LABELS))
    images = Listing(folder / _IMAGES)
    rows = ReaderResult([])
    image_ids = set()
    for number, cells in read_csv(labels, ("id", *_COLUMNS.values())).rows:
        findings.rows += 1
        where = f"row {number}"
        if cells is None:
            findings.note("dropped", "row has more or fewer cells than the header", labels, where)
            continue
        number_of = _ID.fullmatch(cells["id"])
        if number_of is None:
            advice = "An id is the number of a picture: 42 for COCO_val2014_000000000042.jpg"
            findings.note("dropped", "id is not a number", labels, where, cells["id"], advice)
            continue
        name = f"COCO_val2014_{int(number_of[1]):012}"
        image_ids.add(name)
        values = {
            ours: findings.value(COCO.attributes[ours], ours, cells[theirs], labels, where)
            for ours, theirs in _COLUMNS.items()
            if cells[theirs]
        }
        path = f"{_IMAGES}/{images.picture(name) or name + '.jpg'}"
        row = person_row(name, name, "coco", "val", path, labels, where)
        rows.people.append(row | {"person": "person"} | values)
    texts = _captions(captions, findings)
    for name in image_ids & texts.keys():
        rows.captions.extend({"image_id": name, "caption": text} for text in texts[name])
    rows.captions.sort(key=lambda row: row["image_id"])
    return rows


def _find_file(folder: Path, name: str) -> Path:
    for candidate in (folder, folder / "annotations"):
        if (candidate / name).is_file():
            return candidate / name
    raise StudyError(f"{name} is neither in {folder} nor in {folder / 'annotations'}: is data_root the right folder?")


def _captions(file: Path, findings: Findings) -> dict[str, list[str]]:
    entries: Any = read_records(file).get("annotations")
    if not isinstance(entries, list):
        raise StudyError(f"{file} has no list of 'annotations', as COCO's caption files have")
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for number, entry in enumerate(entries):
        image = entry.get("image_id") if isinstance(entry, dict) else None
        text = entry.get("caption") if isinstance(entry, dict) else None
        if not isinstance(image, int) or isinstance(image, bool) or image < 0 or not is_text(text) or not text.strip():
            findings.note("kept", "caption without an image or a text", file, f"annotation {number}", entry)
            continue
        texts[f"COCO_val2014_{image:012}"].append(" ".join(text.split()))
    return texts
