"""RAF-DB basic: aligned portraits, one person each, in either of two layouts.

- official: `EmoLabel/list_patition_label.txt` (the name is spelt so) and `Image/aligned/`;
- re-layout: `DATASET/{train,test}/{1..7}/` with `train_labels.csv` and `test_labels.csv`.

Age, gender and ethnicity come from `Annotation/manual/` in both, where it is there. Leaves out the landmarks,
`Annotation/auto` and `Annotation/boundingbox`, whose boxes lie in the original pictures: the aligned ones are cut
to the face, so position and size are unknown here (null).
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from broken_telephone.errors import StudyError
from broken_telephone.labels import RAF
from broken_telephone.progress import track
from broken_telephone.sources.files import Listing, read_csv, read_text, safe_name
from broken_telephone.sources.reading import Findings, Row, Rows

LABELS = ("EmoLabel/list_patition_label.txt", "EmoLabel/list_partition_label.txt")
IMAGES = "Image/aligned"
ANNOTATIONS = "Annotation/manual"
CODES = ("gender", "ethnicity", "age")
_LANDMARKS = 5
_STEM = re.compile(r"(train|test)_\w+", re.IGNORECASE)
_SUFFIXES = (".jpg", ".jpeg", ".png")


def read(folder: Path, findings: Findings) -> Rows:
    """Read the people of RAF-DB; demographic columns are null for pictures without a manual annotation.

    Raises:
        StudyError: if the folder has neither layout, or a file cannot be read or names a path elsewhere.
    """
    labels = next((folder / name for name in LABELS if (folder / name).is_file()), None)
    relaid = next((place for place in (folder / "DATASET", folder) if (place / "train").is_dir()), None)
    if labels:
        rows = list(_official(folder, labels, findings))
    elif relaid:
        rows = list(_relaid(folder, relaid, findings))
    else:
        raise StudyError(
            f"{folder} has neither {LABELS[0]} (RAF-DB as its authors give it out) nor DATASET/train (the common "
            "re-layout): is data_root the folder that holds them?"
        )
    _annotate(folder, rows, findings)
    return Rows(rows)


def _official(folder: Path, file: Path, findings: Findings) -> Iterator[Row]:
    lines: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        findings.rows += 1
        parts = line.split()
        if len(parts) != 2:
            findings.note("dropped", "line is not a picture's name and a code", file, f"line {number}", line)
            continue
        lines[Path(safe_name(parts[0], file, f"line {number}")).stem].append((number, parts[0], parts[1]))
    images = Listing(folder / IMAGES)
    for stem, (first, *more) in lines.items():
        number, name, code = first
        row = f"line {number}"
        if not (split := _STEM.fullmatch(stem)):
            findings.note("dropped", "name starts with neither train_ nor test_", file, row, name)
            for again, _, _ in more:
                findings.note("dropped", "name starts with neither train_ nor test_", file, f"line {again}", name)
            continue
        conflict = any(other != code for _, _, other in more)
        for again, _, _ in more:
            findings.note("dropped", "picture listed twice", file, f"line {again}", name)
        if conflict:
            findings.note("dropped", "picture listed with two labels", file, row, name)
            continue
        there = images.find(*(f"{stem}_aligned{suffix}" for suffix in _SUFFIXES))
        path = f"{IMAGES}/{there or stem + '_aligned.jpg'}"
        yield _row(stem, split[1].lower(), path, findings.value(RAF.concepts["emotion"], "emotion", code, file, row))


def _relaid(folder: Path, images: Path, findings: Findings) -> Iterator[Row]:
    """The folders give split and label; a label file that says otherwise makes a picture ambiguous."""
    for split in ("train", "test"):
        stated = _stated(folder, images, split, findings)
        for code in RAF.concepts["emotion"].codes:
            for name in Listing(images / split / code):
                if not name.casefold().endswith(_SUFFIXES):
                    continue
                findings.rows += 1
                place = images / split / code / name
                said = code if stated is None else stated.pop(name.casefold(), None)
                stem = re.sub(r"_aligned$", "", Path(name).stem, flags=re.IGNORECASE)
                if said is None:
                    findings.note("kept", "picture is in no label file", place, name)
                elif said != code:
                    findings.note("dropped", "folder and label file disagree", place, name, said)
                    continue
                emotion = RAF.concepts["emotion"].read_code(code)
                yield _row(stem, split, place.relative_to(folder).as_posix(), emotion)
        for name in stated or ():
            findings.rows += 1
            findings.note("dropped", "image missing", images / split, name)


def _stated(folder: Path, images: Path, split: str, findings: Findings) -> dict[str, str] | None:
    """Codes by picture from a label file, which may lie beside DATASET or in it; None without one."""
    file = next(
        (place / f"{split}_labels.csv" for place in (folder, images) if (place / f"{split}_labels.csv").is_file()), None
    )
    if file is None:
        return None
    codes: dict[str, str] = {}
    for number, cells in read_csv(file, ("image", "label")):
        row = f"line {number}"
        name = safe_name(cells["image"], file, row).casefold()
        if cells["label"] not in RAF.concepts["emotion"].codes:
            findings.note("kept", "emotion outside the scheme in a label file", file, row, cells["label"])
        elif codes.setdefault(name, cells["label"]) != cells["label"]:
            findings.note("kept", "picture listed with two labels", file, row, cells["image"])
    return codes


def _row(stem: str, split: str, path: str, emotion: str | None) -> Row:
    return {
        "person_id": stem,
        "image_id": stem,
        "dataset": "raf_db",
        "split": split,
        "image_path": path,
        "emotion": emotion,
    }


def _annotate(folder: Path, rows: list[Row], findings: Findings) -> None:
    """Add gender, ethnicity and age to the rows that have an annotation file."""
    files = Listing(folder / ANNOTATIONS)
    if not files:
        findings.note("unknown", "no manual annotations at all", folder / ANNOTATIONS, "the folder")
        return
    for row in track(rows, "Reading annotations", len(rows)):
        name = files.find(f"{row['image_id']}_manu_attri.txt")
        if name is None:
            findings.note("unknown", "no manual annotation", folder / ANNOTATIONS, row["image_id"])
        else:
            row |= _attributes(folder / ANNOTATIONS / name, findings)


def _attributes(file: Path, findings: Findings) -> Row:
    """Read gender, race and age: the three lines after five landmarks."""
    lines = [line for line in enumerate(read_text(file).splitlines(), start=1) if line[1].strip()]
    marks, codes = lines[:_LANDMARKS], lines[_LANDMARKS:]
    if len(codes) != len(CODES) or any(len(line.split()) != 2 for _, line in marks):
        findings.note("unknown", "annotation is not five landmarks and three codes", file, f"{len(lines)} lines")
        return {}
    return {
        name: findings.value(RAF.attributes[name], name, code.strip(), file, f"line {number}")
        for name, (number, code) in zip(CODES, codes, strict=True)
    }
