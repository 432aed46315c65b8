"""Which bytes every file of a study has, without reading all of them in every run.

A ledger holds size, time of the last change and digest of each file. Only a file whose size or time is another one
is read again.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import pandas as pd

from broken_telephone.errors import UnreadableError
from broken_telephone.progress import track
from broken_telephone.tables import FILES, as_table


class StampedFiles(Protocol):
    """A folder of files by name."""

    def stamp(self, key: str) -> tuple[int, int] | None:
        """Return size and time of the last change; None if there is no such file."""
        ...

    def digest(self, key: str) -> str:
        """Return the digest of the file's bytes."""
        ...


def look(files: StampedFiles, names: Iterable[str], known: pd.DataFrame | None) -> pd.DataFrame:
    """Look at files: at size and time of all, at the bytes of those that changed since a ledger was written.

    Args:
        files: the folder.
        names: of the files.
        known: an earlier ledger, if there is one.

    Returns:
        Columns `tables.FILES`, in the order of the names; files that are missing or cannot be read are left out.
    """
    columns: Iterable[list] = ([], [], [], []) if known is None else (known[name].to_list() for name in FILES)
    earlier = {name: (size, changed, digest) for name, size, changed, digest in zip(*columns, strict=True)}
    wanted = list(names)
    rows = []
    for name in track(wanted, "Looking at files", len(wanted)):
        stamp = files.stamp(name)
        if stamp is None:
            continue
        size, changed, digest = earlier.get(name, (None, None, ""))
        if stamp != (size, changed):
            try:
                digest = files.digest(name)
            except UnreadableError:
                continue
        rows.append((name, *stamp, digest))
    return as_table(pd.DataFrame(rows, columns=list(FILES)), FILES)


def digests_of(ledger: pd.DataFrame | None) -> dict[str, str]:
    """Return name -> digest of a ledger; nothing if there is none."""
    return {} if ledger is None else dict(zip(ledger["name"].to_list(), ledger["digest"].to_list(), strict=True))


def extended(ledger: pd.DataFrame, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """Return a ledger with the files that only an earlier one names behind its own."""
    if earlier is None or not len(earlier):
        return ledger
    return pd.concat([ledger, earlier[~earlier["name"].isin(ledger["name"])]], ignore_index=True)


def changed(now: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """Return the names of files that exist with another digest than expected."""
    return [name for name, digest in expected.items() if now.get(name, digest) != digest]
