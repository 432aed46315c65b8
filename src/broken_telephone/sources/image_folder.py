"""A folder of images, with or without a table of labels.

With a table (CSV or Parquet), each of its rows is one person; the study's settings say which of its columns is
which of ours. Without one, an image's folders may say its split and its label, as in `train/happiness/0001.jpg`.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.labels import Scheme
from broken_telephone.progress import track
from broken_telephone.sources.files import Disk, is_text, read_csv
from broken_telephone.sources.main_person import BOX, read_box
from broken_telephone.sources.pictures import SUFFIXES
from broken_telephone.sources.reading import Findings, Row, Rows

OWN = ("image", "split", "person", *BOX)
"""Columns that a table of labels may have besides those of the scheme."""
_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


def read(folder: Path, scheme: Scheme, labels: str | None, columns: dict[str, str], findings: Findings) -> Rows:
    """Read people from a folder of images.

    Args:
        folder: the data set's folder.
        scheme: its words and codes.
        labels: the table's path below the folder; None for none.
        columns: our column -> the table's. `image` (a path below the folder) is needed; split, person, x, y,
            width, height and the scheme's concepts and attributes are not, and need no entry where they have our
            name.
        findings: takes the defects.

    Raises:
        StudyError: if the table is missing, unreadable or lacks a named column, or a path leads elsewhere.
    """
    if labels is None:
        disk = Disk(folder)
        return Rows([_from_folders(folder, file, disk, scheme, findings) for file in _images(folder, findings)])
    known = (*OWN, *scheme.variables)
    if unknown := sorted(set(columns) - set(known)):
        raise StudyError(f"dataset.columns: {', '.join(unknown)} is no column of ours (there are: {', '.join(known)})")
    disk = Disk(folder)
    file = folder / disk.stated(labels, Path("the setting dataset.labels"), "the table's path")
    theirs = {name: columns.get(name, name) for name in known}
    needed = tuple(theirs[name] for name in dict.fromkeys(["image", *columns]))
    people: list[Row] = []
    named = False
    for number, cells in _table(file, needed):
        findings.rows += 1
        if cells is None:
            findings.note("dropped", "row has more or fewer cells than the header", file, f"row {number}")
            continue
        said = {name: cells[column] for name, column in theirs.items() if not _empty(cells.get(column))}
        named = theirs["person"] in cells
        boxed = any(theirs[name] in cells for name in BOX)
        if row := _person(said, boxed, disk, scheme, file, f"row {number}", findings):
            people.append(row)
    if not named:
        _number_people(people)
    return Rows(people)


def _number_people(people: list[Row]) -> None:
    """Number the people of images that have several boxes, where the table does not name them."""
    seen: Counter[str] = Counter()
    for row in people:
        seen[row["image_path"]] += 1
        if "width" in row and seen[row["image_path"]] > 1:
            row["person_id"] += f"#{seen[row['image_path']]}"


def _images(folder: Path, findings: Findings) -> Iterator[PurePosixPath]:
    """Yield the images below a folder, in order; hidden files are left out."""
    seen = set()
    unreadable: list[OSError] = []
    for place, folders, names in os.walk(folder, followlinks=True, onerror=unreadable.append):
        real = os.path.realpath(place)
        if real in seen:  # a link to where we have been
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = PurePosixPath(Path(place, name).relative_to(folder).as_posix())
            if path.suffix.casefold() not in SUFFIXES:
                continue
            findings.rows += 1
            if is_text(str(path)):
                yield path
            else:
                findings.note("dropped", "file name is not UTF-8", folder, repr(str(path)))
    for error in unreadable:
        findings.note("kept", "folder cannot be read", folder, str(error.filename), error.strerror)


def _from_folders(folder: Path, path: PurePosixPath, disk: Disk, scheme: Scheme, findings: Findings) -> Row:
    row = _row(path, disk, "all", None, folder / path, path.as_posix())
    stated: dict[str, set[str]] = {name: set() for name in scheme.concepts}
    for part in path.parts[:-1]:
        row["split"] = _SPLITS.get(part.casefold(), row["split"])
        for name, concept in scheme.concepts.items():
            try:
                label = concept.read_word(part)
            except ValueError:
                continue
            if label in concept.values:
                stated[name].add(label)
    row |= {name: next(iter(labels)) for name, labels in stated.items() if len(labels) == 1}
    if any(len(labels) > 1 for labels in stated.values()):
        findings.note("unknown", "folders name several labels", row["file"], row["row"])
    elif not any(stated.values()):
        findings.note("unknown", "no folder names a label", row["file"], row["row"])
    return row


def _table(file: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield number and cells of the rows of a CSV or Parquet table."""
    if not file.is_file():
        raise StudyError(f"{file} is missing: dataset.labels names the table of labels, below data_root")
    if file.suffix.casefold() != ".parquet":
        rows = list(read_csv(file, needed))
        yield from track(rows, f"Reading {file.name}", len(rows))
        return
    try:
        table = pd.read_parquet(file)
    # pyarrow raises many kinds for what is no Parquet; all of them mean the same here.
    except Exception as error:
        raise StudyError(f"{file} cannot be read as a table: {error}") from error
    if missing := [name for name in needed if name not in table]:
        raise StudyError(f"{file}: there is no column {', '.join(missing)} (there is: {', '.join(map(str, table))})")
    yield from track(enumerate(table.to_dict("records"), start=1), f"Reading {file.name}", len(table))


def _person(
    said: dict[str, Any], boxed: bool, disk: Disk, scheme: Scheme, file: Path, where: str, findings: Findings
) -> Row | None:
    if "image" not in said:
        findings.note("dropped", "row without an image", file, where)
        return None
    path = disk.stated(str(said["image"]), file, where)
    split = _text(said.get("split", "all"))
    row = _row(path, disk, _SPLITS.get(split.casefold(), split), said.get("person"), file, where)
    if boxed:
        box = [_number(said.get(name)) for name in BOX] if said.keys() & set(BOX) else None
        row |= read_box(box, findings, file, where)
    for name, variable in scheme.variables.items():
        if name in said:
            row[name] = findings.value(variable, name, _text(said[name]), file, where)
    return row


def _row(path: PurePosixPath, disk: Disk, split: str, person: Any, file: Path, where: str) -> Row:
    image_id = disk.identity(path)
    return {
        "person_id": image_id if person is None else f"{image_id}#{_text(person)}",
        "image_id": image_id,
        "dataset": "image_folder",
        "split": split,
        "image_path": path.as_posix(),
        "file": file,
        "row": where,
    }


def _empty(value: Any) -> bool:
    return value is None or value == "" or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _text(value: Any) -> str:
    """A cell as text; whole numbers that a table stores as 3.0 are codes such as 3."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return text if is_text(text) else repr(text)
