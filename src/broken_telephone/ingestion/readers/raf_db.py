"""Reads RAF-DB basic: aligned portraits of one person each, in either of two layouts.

- official: `EmoLabel/list_patition_label.txt` (the name is spelt so) and `Image/aligned/`;
- re-layout: `DATASET/{train,test}/{1..7}/` with `train_labels.csv` and `test_labels.csv`.

Both layouts may have age, gender and ethnicity in `Annotation/manual/`. The reader ignores the landmarks,
`Annotation/auto` and `Annotation/boundingbox`. Their boxes refer to the original pictures, and the aligned pictures are
cropped to the face. Boxes are therefore unknown (null).
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import Listing, fold_name, read_text, safe_name
from broken_telephone.ingestion.files.table_files import read_csv
from broken_telephone.ingestion.reader_result import Findings, ReaderResult, Row, person_row
from broken_telephone.labels import RAF
from broken_telephone.pictures import is_picture
from broken_telephone.progress import track

LABELS = ("EmoLabel/list_patition_label.txt", "EmoLabel/list_partition_label.txt")
IMAGES = "Image/aligned"
ANNOTATIONS = "Annotation/manual"
CODES = ("gender", "ethnicity", "age")
_EMOTION = RAF.concepts["emotion"]
_LANDMARKS = 5
_STEM = re.compile(r"(train|test)_\w+", re.IGNORECASE)


def read(folder: Path, findings: Findings) -> ReaderResult:
    """Read the people of RAF-DB. Attributes are null for pictures without a manual annotation.

    Raises:
        StudyError: if the folder has neither layout, or a label file is unreadable or names a path outside.
    """
    labels = next((folder / name for name in LABELS if (folder / name).is_file()), None)
    relaid_folder = next((path for path in (folder / "DATASET", folder) if (path / "train").is_dir()), None)
    if labels:
        for other in (*(folder / name for name in LABELS), relaid_folder):
            if other is not None and other != labels and other.exists():
                findings.note("kept", f"second layout beside {labels.name}: not read", other, other.name)
        rows = list(_official(folder, labels, findings))
    elif relaid_folder:
        rows = list(_relaid(folder, relaid_folder, findings))
    else:
        raise StudyError(
            f"{folder} has neither {LABELS[0]} (RAF-DB as its authors give it out) nor DATASET/train (the common "
            "re-layout): is data_root the folder that holds them?"
        )
    _annotate(folder, rows, findings)
    return ReaderResult(rows)


def _official(folder: Path, file: Path, findings: Findings) -> Iterator[Row]:
    lines: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        findings.rows += 1
        parts, where = line.split(), f"line {number}"
        if len(parts) != 2:
            findings.note("dropped", "line is not a picture's name and a code", file, where, line)
            continue
        stem = Path(safe_name(parts[0], file, where)).stem
        if _STEM.fullmatch(stem):
            lines[stem.casefold()].append((where, parts[1]))
        else:
            findings.note("dropped", "name starts with neither train_ nor test_", file, where, parts[0])
    images = Listing(folder / IMAGES)
    for stem, listed in lines.items():
        where, code = listed[0]
        for again, _ in listed[1:]:
            findings.note("dropped", "picture listed twice", file, again, stem)
        if len({code for _, code in listed}) > 1:
            findings.note("dropped", "picture with two labels", file, where, stem)
            continue
        image = images.picture(f"{stem}_aligned")
        path = f"{IMAGES}/{image or stem + '_aligned.jpg'}"
        emotion = findings.value(_EMOTION, "emotion", code, file, where)
        yield person_row(stem, stem, "raf_db", stem.split("_")[0], path, file, where) | {"emotion": emotion}
    for name in images.files:
        stem, file = re.sub(r"_aligned$", "", fold_name(Path(name).stem)), folder / IMAGES / name
        if name.startswith(".") or not is_picture(file):
            findings.note_ignored(file)
        elif stem not in lines:
            findings.note("kept", "image in no line of the label file: not read", file, name)


def _relaid(folder: Path, images: Path, findings: Findings) -> Iterator[Row]:
    """Read the re-layout. Folders give split and label; a contradicting label file makes a picture ambiguous."""
    for other in Listing(images).folders if images.name == "DATASET" else ():
        if other in ("train", "test"):
            continue
        findings.note("kept", "folder of no split: not read", images / other, other)
    for split in ("train", "test"):
        listed_codes = _label_file_codes(folder, images, split, findings)
        for name in Listing(images / split).files:
            if is_picture(images / split / name):
                findings.note("kept", "picture in no folder of an emotion: not read", images / split / name, name)
        files: defaultdict[str, list[tuple[Path, str]]] = defaultdict(list)
        for code in Listing(images / split).folders:
            label_folder = images / split / code
            if code not in _EMOTION.codes:
                findings.note("kept", "folder of no emotion: not read", label_folder, code)
                continue
            for name in Listing(label_folder).files:
                if name.startswith(".") or not is_picture(label_folder / name):
                    findings.note_ignored(label_folder / name)
                else:
                    findings.rows += 1
                    files[fold_name(name)].append((label_folder / name, code))
        for name, copies in files.items():
            codes = listed_codes.pop(name, set()) if listed_codes is not None else {copies[0][1]}
            row = _picture(folder, split, copies, codes, findings)
            if row:
                yield row
        for name in listed_codes or ():
            findings.rows += 1
            findings.note("dropped", "image missing", images / split, name)


def _picture(
    folder: Path, split: str, copies: list[tuple[Path, str]], listed_codes: set[str], findings: Findings
) -> Row | None:
    """Return the row of all copies of a picture; None unless folders and label file agree on one label."""
    file, code = copies[0]
    if not listed_codes:
        findings.note("kept", "picture is in no label file", file, file.name)
    for again, _ in copies[1:]:
        findings.note("dropped", "picture listed twice", again, again.name)
    if len({code for _, code in copies}) > 1 or len(listed_codes) > 1:
        findings.note("dropped", "picture with two labels", file, file.name)
        return None
    if listed_codes and listed_codes != {code}:
        findings.note("dropped", "folder and label file disagree", file, file.name, *listed_codes)
        return None
    stem = re.sub(r"_aligned$", "", fold_name(file.stem))
    path = file.relative_to(folder).as_posix()
    return person_row(stem, stem, "raf_db", split, path, file, file.name) | {"emotion": _EMOTION.read_code(code)}


def _label_file_codes(folder: Path, images: Path, split: str, findings: Findings) -> dict[str, set[str]] | None:
    """Return picture -> codes from a label file beside or inside DATASET; None if there is no such file."""
    candidates = [candidate / f"{split}_labels.csv" for candidate in (folder, images)]
    file = next((candidate for candidate in candidates if candidate.is_file()), None)
    if file is None:
        return None
    codes: defaultdict[str, set[str]] = defaultdict(set)
    for number, cells in read_csv(file, ("image", "label")).rows:
        where = f"row {number}"
        if cells is None:
            findings.note("kept", "row of a label file has too many or too few cells: not read", file, where)
        elif cells["label"] not in _EMOTION.codes:
            problem, advice = "emotion outside the scheme in a label file: not read", f"Accepted: {_EMOTION.accepted()}"
            findings.note("kept", problem, file, where, cells["label"], advice)
        elif not cells["image"]:
            findings.note("kept", "row without an image in a label file: not read", file, where)
        else:
            codes[fold_name(safe_name(cells["image"], file, where))].add(cells["label"])
    return codes


def _annotate(folder: Path, rows: list[Row], findings: Findings) -> None:
    """Add gender, ethnicity and age to the rows with an annotation file."""
    annotations = folder / ANNOTATIONS
    files = Listing(annotations)
    if not files.files:
        findings.note("unknown", "no manual annotations at all", annotations, "the folder")
        return
    for row in track(rows, "Reading annotations", len(rows)):
        name = files.find(f"{row['image_id']}_manu_attri.txt")
        if name is None:
            findings.note("unknown", "no manual annotation", annotations, row["image_id"])
        else:
            row |= _attributes(annotations / name, findings)


def _attributes(file: Path, findings: Findings) -> Row:
    """Read gender, ethnicity and age: the three lines after five landmarks."""
    problem = "annotation is not five landmarks and three codes"
    try:
        text = read_text(file)
    except StudyError as error:
        findings.note("unknown", problem, file, "the file", str(error))
        return {}
    lines = [line for line in enumerate(text.splitlines(), start=1) if line[1].strip()]
    marks, codes = lines[:_LANDMARKS], lines[_LANDMARKS:]
    if len(codes) != len(CODES) or any(len(line.split()) != 2 for _, line in marks):
        findings.note("unknown", problem, file, f"{len(lines)} lines")
        return {}
    return {
        name: findings.value(RAF.attributes[name], name, code.strip(), file, f"line {number}")
        for name, (number, code) in zip(CODES, codes, strict=True)
    }
