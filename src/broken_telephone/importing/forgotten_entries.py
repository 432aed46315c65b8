"""Leaves entries of forgotten images out of an import, with everything that findings state about them."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.originals import ForgottenOriginals, match_names
from broken_telephone.ingestion.reader_result import Findings

_NAMING = ("file", "row", "value", "advice")
"""The fields of a defect that may name an image."""


class ForgottenEntries:
    """Separates the chains of forgotten images from the others, and their findings, too."""

    def __init__(self, chains: Iterable[ImportedChain], originals: ForgottenOriginals, findings: Findings) -> None:
        """Separate the chains.

        Args:
            chains: as a layout's reader returns them.
            originals: recognises forgotten images.
            findings: of this import.
        """
        self._originals, self._findings = originals, findings
        self.kept: list[ImportedChain] = []
        self.gone: list[ImportedChain] = []
        for chain in chains:
            stated = chain.original if originals.has_data_set else chain.original_file
            is_gone = stated is not None and originals.has(str(stated))
            (self.gone if is_gone else self.kept).append(chain)

    def other_defects(self) -> list[dict[str, Any]]:
        """Return the defects that name no forgotten image and no entry of one."""
        entries = {(self._findings.name_of(chain.file), chain.row) for chain in self.gone}
        entries |= _entries_in(self._findings.defects, self._originals)
        names = {_whole(chain.name) for chain in self.gone} - {_whole(chain.name) for chain in self.kept}
        return [
            defect
            for defect in self._findings.defects
            if not _is_of(defect, entries) and _whole(defect["row"]) not in names
        ]


def defects_of_others(defects: pd.DataFrame, originals: ForgottenOriginals) -> pd.DataFrame:
    """Return the `import_defects` table without the rows that name a forgotten image, and others of these entries."""
    rows = defects.astype(object).where(defects.notna(), None).to_dict("records")
    entries = _entries_in(rows, originals)
    return defects[[not _is_of(row, entries) for row in rows]].reset_index(drop=True)


def _entries_in(defects: Iterable[Mapping[Any, Any]], originals: ForgottenOriginals) -> set[tuple[str, str]]:
    """Return file and row of the defects that name a forgotten image."""
    return {
        (defect["file"], defect["row"])
        for defect in defects
        if any(originals.are_in(defect[field]) for field in _NAMING if defect[field] is not None)
    }


def _is_of(defect: Mapping[Any, Any], entries: set[tuple[str, str]]) -> bool:
    """Return whether a defect is of one of some entries, or of an image of one: `<row>, image 2`."""
    row = defect["row"]
    return any((defect["file"], one) in entries for one in (row, row.rpartition(", ")[0]))


def _whole(name: str) -> str:
    """Return a name in the spelling that is compared."""
    return next(match_names(name), "")
