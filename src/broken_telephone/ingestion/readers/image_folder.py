"""Reads a folder of images, with or without a table of labels.

In a table (CSV or Parquet), each row is one person, and the study's settings map the columns. Without a table, folder
names may give split and label, as in `train/happiness/0001.jpg`.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from broken_telephone.ingestion.files.listing import DataFolder, is_text
from broken_telephone.ingestion.files.table_files import TABLE_SUFFIXES
from broken_telephone.ingestion.reader_result import Findings, ReaderResult, Row, person_row
from broken_telephone.ingestion.readers import own_table
from broken_telephone.ingestion.readers.own_table import SPLITS
from broken_telephone.labels import Cell, Scheme, read_cell
from broken_telephone.pictures import is_picture


def read(folder: Path, scheme: Scheme, labels: str | None, columns: dict[str, str], findings: Findings) -> ReaderResult:
    """Read people from a folder of images.

    Args:
        folder: the data set's folder.
        scheme: words and codes of the labels.
        labels: path of the table below the folder; None without a table.
        columns: see `own_table.read`.
        findings: collects the defects.

    Raises:
        StudyError: if the table is missing or unreadable, see `own_table.read`.
    """
    if labels is None:
        disk = DataFolder(folder)
        read_before: dict[str, dict[str, Cell]] = {}
        files = _images(folder, findings)
        return ReaderResult([_from_folders(folder, file, disk, scheme, read_before, findings) for file in files])
    return ReaderResult(own_table.read(folder, scheme, labels, columns, findings))


def _images(folder: Path, findings: Findings) -> Iterator[PurePosixPath]:
    """Yield the images below a folder in order, with any suffix; ignore other and hidden files."""
    visited = set()
    unreadable: list[OSError] = []
    for directory, folders, names in os.walk(folder, followlinks=True, onerror=unreadable.append):
        real = os.path.realpath(directory)
        if real in visited:  # a link to a folder that was visited
            folders.clear()
            continue
        visited.add(real)
        for name in sorted(name for name in [*folders, *names] if name.startswith(".")):
            findings.note_ignored(Path(directory, name))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = PurePosixPath(Path(directory, name).relative_to(folder).as_posix())
            if not is_picture(Path(directory, name)):
                if path.suffix.casefold() in TABLE_SUFFIXES and is_text(str(path)):
                    advice = f"To read labels from it, state dataset.labels: {path}"
                    findings.note("ignored", "table that no setting names", folder / path, "table", advice=advice)
                else:
                    findings.note_ignored(Path(directory, name))
                continue
            findings.rows += 1
            if is_text(str(path)):
                yield path
            else:
                findings.note("dropped", "file name is not UTF-8", folder, repr(str(path)))
    for error in unreadable:
        findings.note("kept", "folder cannot be read", folder, str(error.filename), error.strerror)


def _from_folders(
    folder: Path,
    path: PurePosixPath,
    disk: DataFolder,
    scheme: Scheme,
    read_before: dict[str, dict[str, Cell]],
    findings: Findings,
) -> Row:
    """Return the row of an image. Its folders may name the split and the labels."""
    image_id = disk.image_id(path)
    row = person_row(image_id, image_id, "image_folder", "all", path.as_posix(), folder / path, path.as_posix())
    parts = path.parts[:-1]
    splits = {SPLITS[part.casefold()] for part in parts if part.casefold() in SPLITS}
    if len(splits) == 1:
        row["split"] = splits.pop()
    elif splits:
        findings.note("unknown", "folders name several splits", row["file"], row["row"], sorted(splits), "read as all")
    several, known = False, False
    for name in scheme.concepts:
        for part in parts:
            if part not in read_before:
                read_before[part] = _labels(part, scheme)
        cells = {part: read_before[part][name] for part in parts if name in read_before[part]}
        labels = {cell.value for cell in cells.values()}
        several, known = several or len(labels) > 1, known or bool(labels)
        if len(labels) == 1:
            row[name] = labels.pop()
            if all(cell.kind == "translated" for cell in cells.values()):
                part, advice = next(iter(cells)), f"read as {row[name]}"
                findings.note("translated", f"{name} in other words", row["file"], row["row"], part, advice)
    if several:
        findings.note("unknown", "folders name several labels", row["file"], row["row"])
    elif not known:
        accepted = "; ".join(f"{name}: {concept.accepted()}" for name, concept in scheme.concepts.items())
        near = next((word for part in parts for c in scheme.concepts.values() if (word := c.nearest(part))), None)
        advice = f"did you mean {near}? Accepted: {accepted}" if near else f"Accepted: {accepted}"
        findings.note("unknown", "no folder names a label", row["file"], row["row"], "/".join(parts), advice)
    return row


def _labels(part: str, scheme: Scheme) -> dict[str, Cell]:
    """Return concept -> label for a folder's name; numbers do not count as labels."""
    if not any(character.isalpha() for character in part):
        return {}
    cells = {name: read_cell(part, name, concept) for name, concept in scheme.concepts.items()}
    return {name: cell for name, cell in cells.items() if cell.value in scheme.concepts[name].values}
