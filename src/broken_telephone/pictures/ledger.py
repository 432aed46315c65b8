"""Keeps a ledger of file digests, so that a run need not read every file again.

A ledger holds the size, modification time and digest of each file. A file is read again only if its size or time
changed.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from broken_telephone.errors import UnreadableError
from broken_telephone.progress import track
from broken_telephone.seeds import digest
from broken_telephone.tables import FILES, as_table, sum_of_row_hashes

_AT_ONCE = 10_000
"""Files per step of the progress bar."""


class StampedFiles(Protocol):
    """A folder that can state and digest its files by name."""

    def stamps(self, keys: Sequence[str]) -> list[tuple[int, int]]:
        """Return size and modification time of each file; (-1, -1) for a missing file."""
        ...

    def digest(self, key: str) -> str:
        """Return the digest of the file's bytes."""
        ...


class FileCheck(NamedTuple):
    """The present state of files, compared with an earlier ledger."""

    ledger: pd.DataFrame
    """The readable files, with the columns of `tables.FILES`."""
    changed: list[str]
    """Names of files whose bytes differ from the earlier ledger."""
    missing: list[str]
    """Names of missing or unreadable files."""


def check_files(files: StampedFiles, names: Iterable[str], earlier_ledger: pd.DataFrame | None) -> FileCheck:
    """Check size and time of all files, and the bytes of those that changed since the earlier ledger.

    Args:
        files: the folder.
        names: file names, each once.
        earlier_ledger: ledger of an earlier run, if any.
    """
    before = as_table([], FILES) if earlier_ledger is None else earlier_ledger
    wanted = names if isinstance(names, pd.Series) else _series(names)
    if not wanted.equals(before["name"]):
        before = before.set_index("name").reindex(wanted).reset_index(names="name")
    now = np.empty((len(wanted), 2), np.int64)
    for start in track(range(0, len(wanted), _AT_ONCE), "Looking at files", -(-len(wanted) // _AT_ONCE)):
        some = slice(start, start + _AT_ONCE)
        now[some] = files.stamps(wanted.iloc[some].to_list())
    same = (now == before[["size", "changed"]].fillna(-1).to_numpy(np.int64)).all(axis=1) & (now[:, 0] >= 0)
    if same.all():
        return FileCheck(before, [], [])
    # As bytes, because 300,000 texts take three times as much memory.
    digests = before["digest"].fillna("").to_numpy("S32")
    changed = []
    stale = np.flatnonzero(~same)
    for row, name in zip(track(stale, "Reading files", len(stale)), wanted.iloc[stale], strict=True):
        new = _digest(files, name) if now[row, 0] >= 0 else ""
        if new and digests[row] not in (b"", new.encode()):
            changed.append(name)
        digests[row] = new
    existing = digests != b""
    texts = pd.array(pa.array(digests[existing], pa.string()), dtype="string")
    columns = {"name": wanted[existing].array, "size": now[existing, 0], "changed": now[existing, 1], "digest": texts}
    return FileCheck(as_table(pd.DataFrame(columns), FILES), changed, wanted[~existing].to_list())


def _series(names: Iterable[str]) -> pd.Series:
    """Return names in a column; memory never holds all of them as objects."""
    left = iter(names)
    parts = [pd.Series(some, dtype="string") for some in iter(lambda: list(islice(left, _AT_ONCE)), [])]
    return pd.concat(parts, ignore_index=True) if parts else pd.Series(dtype="string")


def _digest(files: StampedFiles, name: str) -> str:
    """Return the digest of a file; an empty text for one that cannot be read."""
    try:
        return files.digest(name)
    except UnreadableError:
        return ""


def state_of(chains: pd.DataFrame, iterations: int, drawn: pd.DataFrame) -> str:
    """Return a digest of the starts and the drawn pictures of a study, independent of their order."""
    starts, pictures = chains[["chain_id", "image_digest", "prompt"]], drawn[["name", "digest"]]
    return digest(iterations, sum_of_row_hashes(starts), sum_of_row_hashes(pictures))


def digests_of(ledger: pd.DataFrame | None) -> dict[str, str]:
    """Return name -> digest of a ledger; an empty dictionary without a ledger."""
    return {} if ledger is None else dict(zip(ledger["name"].to_list(), ledger["digest"].to_list(), strict=True))


def merge_ledgers(ledger: pd.DataFrame, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """Append to a ledger the files that only an earlier ledger contains."""
    if earlier is None or not len(earlier):
        return ledger
    return pd.concat([ledger, earlier[~earlier["name"].isin(ledger["name"])]], ignore_index=True)
