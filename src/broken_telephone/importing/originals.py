"""Matches the originals that results name with the people of the study's data set."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.ingestion.files.listing import fold_name
from broken_telephone.ingestion.forgotten import is_forgotten
from broken_telephone.pictures import SUFFIXES

_ALIGNED = "_aligned"
_SEPARATORS = re.compile(r"['\"\[\]]|, |: ")


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

    def __init__(
        self, people: pd.DataFrame, concept: str, labels: tuple[str, ...], other_paths: Iterable[str] = ()
    ) -> None:
        """Index the main persons.

        Args:
            people: the `people` table.
            concept: the study's.
            labels: its values; anything else in the table is no clear label.
            other_paths: paths of images that the data set has and the table lacks, such as broken ones.
        """
        paths = (*people["image_path"].astype(str), *other_paths)
        self._folders = {folder for path in paths for folder in _parts(fold_name(path))[:-1]}
        self._known: defaultdict[str, list[Original]] = defaultdict(list)
        main = people[people["is_main"]]
        columns: list[Any] = [main[name].astype(object) for name in ("person_id", "image_id", "image_path", concept)]
        for person_id, image_id, path, label in zip(*columns, strict=True):
            original = Original(str(person_id), str(image_id), str(path), label if label in labels else None)
            for name in {*match_names(original.image_path), *match_names(original.image_id)}:
                self._known[name].append(original)

    def find(self, stated: str) -> list[Original]:
        """Return the originals that a stated path, file name or identifier may mean; more than one is ambiguous.

        The longest common end of the path decides. Case, suffix and RAF-DB's ending `_aligned` do not matter. An
        original in another folder of the data set than the stated one is not meant: `a/1.png` is never `b/1.png`.
        """
        before = ""
        for name in match_names(stated):
            if name in self._known:
                return [one for one in self._known[name] if not self._contradicts(before, one)]
            before = name.partition("/")[0]
        return []

    def _contradicts(self, folder: str, original: Original) -> bool:
        """Return whether a stated folder is one of the data set, and not one of the original's."""
        return folder in self._folders and folder not in _parts(fold_name(original.image_path))[:-1]


class ForgottenOriginals:
    """Recognises the names of originals that `kedro forget` removed, also if the data set lacks them by now."""

    def __init__(self, record: Mapping[str, Any], people: pd.DataFrame) -> None:
        """Index the main persons of the data set.

        Args:
            record: of forgotten images.
            people: the `people` table with everybody whom the data set still has.
        """
        self._record = record
        self._known: defaultdict[str, list[bool]] = defaultdict(list)
        self.has_data_set = len(people) > 0
        if not record:
            return
        for image_id, path in people[["image_id", "image_path"]].astype(str).drop_duplicates().itertuples(index=False):
            is_gone = is_forgotten(record, image_id)
            for name in {*match_names(path), *match_names(image_id)}:
                self._known[name].append(is_gone)

    def has(self, stated: str) -> bool:
        """Return whether a path, file name or identifier means a forgotten image, and no other one."""
        if not self._record:
            return False
        for own in _ends(unicodedata.normalize("NFC", stated)):
            if is_forgotten(self._record, own) or is_forgotten(self._record, f"{own}{_ALIGNED}"):
                return True
            name = fold_name(own)
            if name in self._known:
                return all(self._known[name])
        return False

    def are_in(self, text: str) -> bool:
        """Return whether a text names a forgotten image."""
        return any(self.has(part) for part in _SEPARATORS.split(text) if part)


def match_names(path: str) -> Iterator[str]:
    """Yield the ends of a path in one spelling, the longest first: case, suffix and `_aligned` do not matter."""
    yield from _ends(fold_name(path))


def _ends(path: str) -> Iterator[str]:
    parts = _parts(path)
    if parts:
        stem, suffix = os.path.splitext(parts[-1])  # noqa: PTH122 (pathlib takes longer than everything else here)
        parts[-1] = (stem if suffix.casefold() in SUFFIXES else parts[-1]).removesuffix(_ALIGNED)
    for start in range(len(parts)):
        yield "/".join(parts[start:])


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
