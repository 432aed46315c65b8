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
from broken_telephone.ingestion.files.listing import Listing, folded, read_text, safe_name
from broken_telephone.ingestion.files.table_files import read_csv
from broken_telephone.ingestion.reader_result import Findings, Row, Rows
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


def read(folder: Path, findings: Findings) -> Rows:
    """Read the people of RAF-DB; demographic columns are null for pictures without a manual annotation.

    Raises:
        StudyError: if the folder has neither layout, or a label file cannot be read or names a path elsewhere.
    """
    labels = next((folder / name for name in LABELS if (folder / name).is_file()), None)
    relaid = next((place for place in (folder / "DATASET", folder) if (place / "train").is_dir()), None)
    if labels:
        for other in (*(folder / name for name in LABELS), relaid):
            if other is not None and other != labels and other.exists():
                findings.note("kept", f"second layout beside {labels.name}: not read", other, other.name)
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
    for stem, stated in lines.items():
        where, code = stated[0]
        for again, _ in stated[1:]:
            findings.note("dropped", "picture listed twice", file, again, stem)
        if len({code for _, code in stated}) > 1:
            findings.note("dropped", "picture with two labels", file, where, stem)
            continue
        there = images.picture(f"{stem}_aligned")
        path = f"{IMAGES}/{there or stem + '_aligned.jpg'}"
        emotion = findings.value(_EMOTION, "emotion", code, file, where)
        yield _row(stem, stem.split("_")[0], path, emotion, file, where)
    for name in images.files:
        stem, file = re.sub(r"_aligned$", "", folded(Path(name).stem)), folder / IMAGES / name
        if name.startswith(".") or not is_picture(file):
            findings.pass_over(file)
        elif stem not in lines:
            findings.note("kept", "image in no line of the label file: not read", file, name)


def _relaid(folder: Path, images: Path, findings: Findings) -> Iterator[Row]:
    """The folders give split and label; a label file that says otherwise makes a picture ambiguous."""
    for other in Listing(images).folders if images.name == "DATASET" else ():
        if other in ("train", "test"):
            continue
        findings.note("kept", "folder of no split: not read", images / other, other)
    for split in ("train", "test"):
        stated = _stated(folder, images, split, findings)
        for name in Listing(images / split).files:
            if is_picture(images / split / name):
                findings.note("kept", "picture in no folder of an emotion: not read", images / split / name, name)
        places: defaultdict[str, list[tuple[Path, str]]] = defaultdict(list)
        for code in Listing(images / split).folders:
            place = images / split / code
            if code not in _EMOTION.codes:
                findings.note("kept", "folder of no emotion: not read", place, code)
                continue
            for name in Listing(place).files:
                if name.startswith(".") or not is_picture(place / name):
                    findings.pass_over(place / name)
                else:
                    findings.rows += 1
                    places[folded(name)].append((place / name, code))
        for name, found in places.items():
            codes = stated.pop(name, set()) if stated is not None else {found[0][1]}
            row = _picture(folder, split, found, codes, findings)
            if row:
                yield row
        for name in stated or ():
            findings.rows += 1
            findings.note("dropped", "image missing", images / split, name)


def _picture(
    folder: Path, split: str, found: list[tuple[Path, str]], stated: set[str], findings: Findings
) -> Row | None:
    """The one row of pictures of one name; nothing if folders and label file do not agree on one label."""
    file, code = found[0]
    if not stated:
        findings.note("kept", "picture is in no label file", file, file.name)
    for again, _ in found[1:]:
        findings.note("dropped", "picture listed twice", again, again.name)
    if len({code for _, code in found}) > 1 or len(stated) > 1:
        findings.note("dropped", "picture with two labels", file, file.name)
        return None
    if stated and stated != {code}:
        findings.note("dropped", "folder and label file disagree", file, file.name, *stated)
        return None
    stem = re.sub(r"_aligned$", "", folded(file.stem))
    path = file.relative_to(folder).as_posix()
    return _row(stem, split, path, _EMOTION.read_code(code), file, file.name)


def _stated(folder: Path, images: Path, split: str, findings: Findings) -> dict[str, set[str]] | None:
    """Codes by picture from a label file, which may lie beside DATASET or in it; None without one."""
    places = [place / f"{split}_labels.csv" for place in (folder, images)]
    file = next((place for place in places if place.is_file()), None)
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
            codes[folded(safe_name(cells["image"], file, where))].add(cells["label"])
    return codes


def _row(stem: str, split: str, path: str, emotion: str | None, file: Path, where: str) -> Row:
    return {
        "person_id": stem,
        "image_id": stem,
        "dataset": "raf_db",
        "split": split,
        "image_path": path,
        "emotion": emotion,
        "file": file,
        "row": where,
    }


def _annotate(folder: Path, rows: list[Row], findings: Findings) -> None:
    """Add gender, ethnicity and age to the rows that have an annotation file."""
    place = folder / ANNOTATIONS
    files = Listing(place)
    if not files.files:
        findings.note("unknown", "no manual annotations at all", place, "the folder")
        return
    for row in track(rows, "Reading annotations", len(rows)):
        name = files.find(f"{row['image_id']}_manu_attri.txt")
        if name is None:
            findings.note("unknown", "no manual annotation", place, row["image_id"])
        else:
            row |= _attributes(place / name, findings)


def _attributes(file: Path, findings: Findings) -> Row:
    """Read gender, race and age: the three lines after five landmarks."""
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
