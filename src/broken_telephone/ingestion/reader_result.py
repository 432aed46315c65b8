"""Defines the result of a data set reader: rows, and a list of defects.

Large data sets contain broken rows. A reader skips or repairs such a row, and records a defect with its file, row and
effect. Only an unreadable file, or a path that leads out of the data set's folder, raises an error.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from broken_telephone.ingestion.files.listing import is_text
from broken_telephone.labels import Variable

Effect = Literal["dropped", "unknown", "translated", "kept", "ignored"]
"""The effect of a defect.

- dropped: the row is left out.
- unknown: the value becomes null.
- translated: the value was converted to a word of the scheme.
- kept: nothing changes; the defect is only reported.
- ignored: the file is not read.
"""
Row = dict[str, Any]
"""One person: columns of `people` without is_main, a usable box if any, and the source `file` and `row`."""


@dataclass
class Findings:
    """Counts rows, and collects defects while a reader reads files."""

    root: Path
    """The data set's folder. Defects name files relative to it."""
    rows: int = 0
    """Number of people in the files, kept or dropped."""
    defects: list[dict[str, Any]] = field(default_factory=list)
    _names: dict[Path, str] = field(default_factory=dict)
    """Cache of file -> name below the folder, because a large table names the same file often."""

    def note_ignored(self, file: Path) -> None:
        """Record a hidden file or folder, or a file that is not a picture; readers ignore these."""
        hidden = file.name.startswith(".")
        kind = "hidden" if hidden else f"*{file.suffix.casefold()}" if file.suffix else "no suffix"
        why = "hidden files are not looked at" if hidden else "Pillow cannot identify its content as a picture"
        self.note("ignored", "no picture", file, kind, advice=why)

    def note(
        self, effect: Effect, problem: str, file: Path, row: str, value: object = None, advice: str | None = None
    ) -> None:
        """Record one defect.

        Args:
            effect: effect on the row or value.
            problem: kind of defect, in fixed words so that kinds can be counted.
            file: file with the defect.
            row: line, picture or person.
            value: the defective value.
            advice: the interpretation of the value, or what to write instead.
        """
        shown = None if value is None else repr(value)[:200]
        location = {"file": self.name_of(file), "row": _storable(row)}
        self.defects.append({"effect": effect, "problem": problem, **location, "value": shown, "advice": advice})

    def name_of(self, file: Path) -> str:
        """Return the name of a file in defects."""
        if file not in self._names:
            below = file.relative_to(self.root) if file.is_relative_to(self.root) else file
            self._names[file] = _storable(below.as_posix())
        return self._names[file]

    def value(self, variable: Variable, name: str, text: str, file: Path, row: str) -> str | None:
        """Read a code or word of a scheme; any other text is recorded as unknown, and returns None."""
        try:
            return variable.read(text)
        except ValueError:
            near = variable.nearest(text)
            question = f"did you mean {near}? " if near else ""
            advice = f"{question}Accepted: {variable.accepted()}"
            self.note("unknown", f"{name} outside the scheme", file, row, text, advice)
            return None


def person_row(person_id: str, image_id: str, dataset: str, split: str, image_path: str, file: Path, row: str) -> Row:
    """Return a person's row without labels. `image_path` is relative to the data set's folder."""
    return {
        "person_id": person_id,
        "image_id": image_id,
        "dataset": dataset,
        "split": split,
        "image_path": image_path,
        "file": file,
        "row": row,
    }


def _storable(name: str) -> str:
    """Return a name that a table can store, because file names may contain unpaired surrogates."""
    return name if is_text(name) else repr(name)


@dataclass(frozen=True)
class ReaderResult:
    """The rows that a reader returns."""

    people: list[Row]
    votes: list[dict[str, Any]] = field(default_factory=list)
    """Columns `tables.VOTES` without share."""
    captions: list[dict[str, Any]] = field(default_factory=list)
    """Columns `tables.CAPTIONS`. Captions of dropped images are removed later."""


@dataclass(frozen=True)
class DatasetTables:
    """A data set as tables."""

    people: pd.DataFrame
    """Columns `tables.PEOPLE`, then the variables of the scheme."""
    votes: pd.DataFrame
    """Columns `tables.VOTES`; empty if the data set has no single votes."""
    captions: pd.DataFrame
    """Columns `tables.CAPTIONS`; empty if the data set has no captions."""
    defects: pd.DataFrame
    """Columns `tables.DEFECTS`."""
    rows: int
    """Number of people in the files, kept or dropped."""


def quality_table(dataset: DatasetTables) -> pd.DataFrame:
    """Return counts of people, images and defects, in columns check, effect, count.

    The counts of people and images come first, then the kinds of defects, the most frequent first.
    """
    kept = len(dataset.people)
    rows = [
        ("people in the files", "read", dataset.rows),
        ("people in the table", "kept", kept),
        ("people left out", "dropped", dataset.rows - kept),
        ("images", "kept", dataset.people["image_id"].nunique()),
        ("images with a main person", "kept", int(dataset.people["is_main"].sum())),
    ]
    counts = Counter(zip(dataset.defects["problem"], dataset.defects["effect"], strict=True))
    rows += [(problem, effect, count) for (problem, effect), count in counts.most_common()]
    return pd.DataFrame(rows, columns=["check", "effect", "count"])
