"""What a reader of a data set gives: rows, and a list of everything in the files that could not be taken as it is.

A data set of thousands of rows has some that are broken. Reading goes on without them, and says so: each is one
defect with its file, its row and what was done about it. Only what makes the whole unreadable, or a path that
leads out of the data set's folder, ends in an error.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from broken_telephone.ingestion.files.listing import is_text
from broken_telephone.labels import Variable

Effect = Literal["dropped", "unknown", "translated", "kept", "ignored"]
"""What became of it.

- dropped: the row is left out.
- unknown: the value is null.
- translated: the value was written otherwise than the scheme writes it.
- kept: everything stays, and is only pointed out.
"""
Row = dict[str, Any]
"""One person: columns of `people` without is_main; a box only if it is usable; `file` and `row` it stands in."""


@dataclass
class Findings:
    """Counts rows and collects defects while files are read."""

    root: Path
    """The data set's folder: files are named relative to it."""
    rows: int = 0
    """People found in the files, whether kept or not."""
    defects: list[dict[str, Any]] = field(default_factory=list)
    _names: dict[Path, str] = field(default_factory=dict)
    """File -> its name below the folder: tables of thousands of rows name the same one each time."""

    def pass_over(self, file: Path) -> None:
        """Record a file that is no picture, or a hidden file or folder, which is not looked at."""
        hidden = file.name.startswith(".")
        kind = "hidden" if hidden else f"*{file.suffix.casefold()}" if file.suffix else "no suffix"
        why = "hidden files are not looked at" if hidden else "Pillow cannot identify its content as a picture"
        self.note("ignored", "no picture", file, kind, advice=why)

    def note(
        self, effect: Effect, problem: str, file: Path, row: str, value: object = None, advice: str | None = None
    ) -> None:
        """Record one defect.

        Args:
            effect: what became of it.
            problem: the same words for the same kind, so that kinds can be counted.
            file: where it stands.
            row: which line, picture or person.
            value: what stands there.
            advice: what it was taken for, or what to write instead.
        """
        if file not in self._names:
            below = file.relative_to(self.root) if file.is_relative_to(self.root) else file
            self._names[file] = _storable(below.as_posix())
        shown = None if value is None else repr(value)[:200]
        place = {"file": self._names[file], "row": _storable(row)}
        self.defects.append({"effect": effect, "problem": problem, **place, "value": shown, "advice": advice})

    def value(self, variable: Variable, name: str, text: str, file: Path, row: str) -> str | None:
        """Read a value of a scheme by code or word; one that is none of them is unknown (null) and noted."""
        try:
            return variable.read(text)
        except ValueError:
            near = variable.nearest(text)
            question = f"did you mean {near}? " if near else ""
            advice = f"{question}Accepted: {variable.accepted()}"
            self.note("unknown", f"{name} outside the scheme", file, row, text, advice)
            return None


def _storable(name: str) -> str:
    """Return a name that a table can store: those of files may hold half a character."""
    return name if is_text(name) else repr(name)


@dataclass(frozen=True)
class Rows:
    """What a reader returns."""

    people: list[Row]
    votes: list[dict[str, Any]] = field(default_factory=list)
    """Columns: `tables.VOTES` without share."""
    captions: list[dict[str, Any]] = field(default_factory=list)
    """Columns: `tables.CAPTIONS`; those of images that are not kept are left out later."""


@dataclass(frozen=True)
class Reading:
    """A data set as tables."""

    people: pd.DataFrame
    """Columns: `tables.PEOPLE`, then the scheme's."""
    votes: pd.DataFrame
    """Columns: `tables.VOTES`; empty where the data set has no single votes."""
    captions: pd.DataFrame
    """Columns: `tables.CAPTIONS`; empty where the data set has none."""
    defects: pd.DataFrame
    """Columns: `tables.DEFECTS`."""
    rows: int
    """People found in the files: those in `people` and those dropped."""


def quality(reading: Reading) -> pd.DataFrame:
    """Count what was read: check, effect, count.

    Rows read, dropped and kept first, then every kind of defect, the frequent ones first.
    """
    kept = len(reading.people)
    rows = [
        ("people in the files", "read", reading.rows),
        ("people in the table", "kept", kept),
        ("people left out", "dropped", reading.rows - kept),
        ("images", "kept", reading.people["image_id"].nunique()),
        ("images with a main person", "kept", int(reading.people["is_main"].sum())),
    ]
    counts = Counter(zip(reading.defects["problem"], reading.defects["effect"], strict=True))
    rows += [(problem, effect, count) for (problem, effect), count in counts.most_common()]
    return pd.DataFrame(rows, columns=["check", "effect", "count"])
