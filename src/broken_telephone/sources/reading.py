"""What a reader of a data set gives: rows, and a list of everything in the files that could not be taken as it is.

A data set of thousands of rows has some that are broken. Reading goes on without them, and says so: each is one
defect with its file, its row and what was done about it. Only what makes the whole unreadable, or a path that
leads out of the data set's folder, ends in an error.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from broken_telephone.labels import Variable

Effect = Literal["dropped", "unknown", "kept"]
"""What became of it: the row is left out, the value is null, or everything stays and is only pointed out."""
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
    passed_over: defaultdict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    """Files that are no pictures, by kind."""

    def pass_over(self, file: Path) -> None:
        """Take a file that is no picture, or a hidden file or folder, which is not looked at."""
        kind = "hidden" if file.name.startswith(".") else f"*{file.suffix.casefold()}" if file.suffix else "no suffix"
        self.passed_over[kind].append(file)

    def note_passed_over(self) -> None:
        """Record one defect for each kind of file that was passed over."""
        for kind, files in sorted(self.passed_over.items()):
            names = ", ".join(file.name for file in files[:5])
            self.note("kept", "no picture: passed over", files[0], kind, f"{len(files)}: {names}")

    def note(self, effect: Effect, problem: str, file: Path, row: str, value: object = None) -> None:
        """Record one defect.

        Args:
            effect: what became of it.
            problem: the same words for the same kind, so that kinds can be counted.
            file: where it stands.
            row: which line, picture or person.
            value: what stands there.
        """
        name = file.relative_to(self.root) if file.is_relative_to(self.root) else file
        shown = None if value is None else repr(value)[:200]
        self.defects.append({"effect": effect, "problem": problem, "file": name.as_posix(), "row": row, "value": shown})

    def value(self, variable: Variable, name: str, text: str, file: Path, row: str) -> str | None:
        """Read a value of a scheme by code or word; one that is none of them is unknown (null) and noted."""
        try:
            return variable.read(text)
        except ValueError:
            self.note("unknown", f"{name} outside the scheme", file, row, text)
            return None


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
