"""A folder of images, with or without a table of labels.

With a table (CSV or Parquet), each of its rows is one person; the study's settings say which of its columns is
which of ours. Without one, an image's folders may say its split and its label, as in `train/happiness/0001.jpg`.
"""

from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.labels import Scheme
from broken_telephone.progress import track
from broken_telephone.sources.files import safe_path
from broken_telephone.sources.main_person import BOX, read_box
from broken_telephone.sources.pictures import SUFFIXES
from broken_telephone.sources.reading import Findings, Row, Rows

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
        return Rows(_from_folders(folder, scheme, findings))
    return Rows(_from_table(folder, folder / labels, scheme, columns, findings))


def _from_folders(folder: Path, scheme: Scheme, findings: Findings) -> list[Row]:
    rows = []
    for file in sorted(path for path in folder.rglob("*") if path.suffix.casefold() in SUFFIXES):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue
        findings.rows += 1
        path = PurePosixPath(file.relative_to(folder).as_posix())
        row: Row = _row(path, split="all")
        for part in path.parts[:-1]:
            if part.casefold() in _SPLITS:
                row["split"] = _SPLITS[part.casefold()]
            for name, concept in scheme.concepts.items():
                try:
                    row[name] = concept.read(part)
                except ValueError:
                    continue
        if not scheme.concepts.keys() & row.keys():
            findings.note("unknown", "no folder names a label", folder, path.as_posix())
        rows.append(row)
    return rows


def _from_table(folder: Path, file: Path, scheme: Scheme, columns: dict[str, str], findings: Findings) -> list[Row]:
    table = _load(file)
    known = ("image", "split", "person", *BOX, *scheme.variables)
    if unknown := sorted(set(columns) - set(known)):
        raise StudyError(f"dataset.columns: {', '.join(unknown)} is no column of ours (there are: {', '.join(known)})")
    theirs = {name: columns.get(name, name) for name in known}
    wanted = ["image", *columns]
    if missing := [theirs[name] for name in wanted if theirs[name] not in table]:
        raise StudyError(
            f"{file} has no column {', '.join(missing)} (it has: {', '.join(map(str, table))}); dataset.columns says "
            "which of its columns is which of ours"
        )
    rows, seen = [], set()
    theirs = {name: column for name, column in theirs.items() if column in table}
    for number, cells in enumerate(track(table.to_dict("records"), f"Reading {file.name}", len(table)), start=2):
        findings.rows += 1
        where = f"line {number}"
        said = {name: cells[column] for name, column in theirs.items() if not pd.isna(cells[column])}
        if "image" not in said:
            findings.note("dropped", "row without an image", file, where)
            continue
        row = _row(safe_path(str(said["image"]), file, where), str(said.get("split", "all")), said.get("person"))
        if row["person_id"] in seen:
            findings.note("dropped", "person listed twice", file, where, row["person_id"])
            continue
        seen.add(row["person_id"])
        if set(BOX) & theirs.keys():
            row |= read_box(
                [_number(said.get(name)) for name in BOX] if set(BOX) & said.keys() else None, findings, file, where
            )
        for name in scheme.variables.keys() & said.keys():
            row[name] = findings.value(scheme.variables[name], name, _text(said[name]), file, where)
        rows.append(row)
    # People of one image together, in the order of their first lines.
    order = {path: place for place, path in enumerate(dict.fromkeys(row["image_path"] for row in rows))}
    return sorted(rows, key=lambda row: order[row["image_path"]])


def _load(file: Path) -> pd.DataFrame:
    if not file.is_file():
        raise StudyError(f"{file} is missing: dataset.labels names the table of labels, below data_root")
    try:
        if file.suffix.casefold() == ".parquet":
            return pd.read_parquet(file)
        # Words such as None or NA may be labels; only an empty cell is empty.
        return pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    except Exception as error:
        raise StudyError(f"{file} cannot be read as a table: {error}") from error


def _row(path: PurePosixPath, split: str, person: Any = None) -> Row:
    image_id = path.with_suffix("").as_posix()
    return {
        "person_id": image_id if person is None else f"{image_id}_{_text(person)}",
        "image_id": image_id,
        "dataset": "image_folder",
        "split": split,
        "image_path": path.as_posix(),
    }


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _text(value: Any) -> str:
    """A cell as text; whole numbers that a table stores as 3.0 are codes such as 3."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
