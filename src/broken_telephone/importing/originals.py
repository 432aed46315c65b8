"""Matches the originals that results name with the people of the study's data set."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.ingestion.files.listing import fold_name
from broken_telephone.pictures import SUFFIXES


@dataclass(frozen=True)
class Original:
    """The main person of an original in the data set."""

    person_id: str
    image_id: str
    image_path: str
    label: str | None
    """None: the data set states no clear label."""


class Originals:
    """The originals of a data set, by every name that results may give them."""

    def __init__(self, people: pd.DataFrame, concept: str, labels: tuple[str, ...]) -> None:
        """Index the main persons.

        Args:
            people: the `people` table.
            concept: the study's.
            labels: its values; anything else in the table is no clear label.
        """
        self._known: defaultdict[str, list[Original]] = defaultdict(list)
        main = people[people["is_main"]]
        columns: list[Any] = [main[name].astype(object) for name in ("person_id", "image_id", "image_path", concept)]
        for person_id, image_id, path, label in zip(*columns, strict=True):
            original = Original(str(person_id), str(image_id), str(path), label if label in labels else None)
            for name in {*match_names(original.image_path), *match_names(original.image_id)}:
                self._known[name].append(original)

    def find(self, stated: str) -> list[Original]:
        """Return the originals that a stated path, file name or identifier may mean; more than one is ambiguous.

        The longest common end of the path decides. Case, suffix and RAF-DB's ending `_aligned` do not matter.
        """
        for name in match_names(stated):
            if name in self._known:
                return self._known[name]
        return []


def match_names(path: str) -> Iterator[str]:
    """Yield the ends of a path in one spelling, the longest first: case, suffix and `_aligned` do not matter."""
    return bare_ends(fold_name(path))


def bare_ends(path: str) -> Iterator[str]:
    """Yield the ends of a path without the suffix of an image and without `_aligned`, the longest first."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if parts:
        stem, suffix = os.path.splitext(parts[-1])  # noqa: PTH122 (pathlib takes longer than everything else here)
        parts[-1] = (stem if suffix.casefold() in SUFFIXES else parts[-1]).removesuffix("_aligned")
    for start in range(len(parts)):
        yield "/".join(parts[start:])
