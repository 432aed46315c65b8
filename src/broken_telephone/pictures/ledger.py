"""Which bytes every file of a study has, without reading all of them in every run.

A ledger holds size, time of the last change and digest of each file. Only a file whose size or time is another one
is read again.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from broken_telephone.errors import UnreadableError
from broken_telephone.progress import track
from broken_telephone.seeds import digest
from broken_telephone.tables import FILES, as_table

_AT_ONCE = 10_000
"""Files between two looks at the clock, for the progress bar."""


class StampedFiles(Protocol):
    """A folder of files by name."""

    def stamps(self, keys: Sequence[str]) -> list[tuple[int, int]]:
        """Return size and time of the last change of files; (-1, -1) of one that does not exist."""
        ...

    def digest(self, key: str) -> str:
        """Return the digest of the file's bytes."""
        ...


class Look(NamedTuple):
    """What files are like now."""

    ledger: pd.DataFrame
    """Columns `tables.FILES`, of the files that can be read."""
    changed: list[str]
    """Names of files whose bytes are other than an earlier ledger says."""
    missing: list[str]
    """Names of files that do not exist or cannot be read."""


def look(files: StampedFiles, names: Iterable[str], known: pd.DataFrame | None) -> Look:
    """Look at files: at size and time of all, at the bytes of those that changed since a ledger was written.

    Args:
        files: the folder.
        names: of the files, each once.
        known: an earlier ledger, if there is one.
    """
    before = as_table([], FILES) if known is None else known
    wanted = names if isinstance(names, pd.Series) else pd.Series(list(names), dtype="string")
    if not wanted.equals(before["name"]):
        before = before.set_index("name").reindex(wanted).reset_index(names="name")
    keys = wanted.to_list()
    stamps: list[tuple[int, int]] = []
    for start in track(range(0, len(keys), _AT_ONCE), "Looking at files", -(-len(keys) // _AT_ONCE)):
        stamps += files.stamps(keys[start : start + _AT_ONCE])
    now = np.array(stamps, np.int64).reshape(-1, 2)
    same = (now == before[["size", "changed"]].fillna(-1).to_numpy(np.int64)).all(axis=1) & (now[:, 0] >= 0)
    if same.all():
        return Look(before, [], [])
    digests = before["digest"].to_numpy(object, na_value=None).copy()
    changed = []
    other = np.flatnonzero(~same)
    for place in track(other, "Reading files", len(other)):
        name, earlier = keys[place], digests[place]
        digests[place] = _digest(files, name) if now[place, 0] >= 0 else None
        if earlier is not None and digests[place] not in (None, earlier):
            changed.append(name)
    table = pd.DataFrame({"name": wanted, "size": now[:, 0], "changed": now[:, 1], "digest": digests})
    there = table["digest"].notna()
    missing = table.loc[~there, "name"].to_list()
    return Look(as_table(table[there].reset_index(drop=True), FILES), changed, missing)


def _digest(files: StampedFiles, name: str) -> str | None:
    try:
        return files.digest(name)
    except UnreadableError:
        return None


def state_of(chains: pd.DataFrame, iterations: int, drawn: pd.DataFrame) -> str:
    """Return a digest of the starts and the drawn pictures of a study, whatever their order.

    Args:
        chains: the `chains` table.
        iterations: how far chains are followed.
        drawn: the ledger of the drawn pictures.
    """
    starts, pictures = chains[["chain_id", "image_digest", "prompt"]].astype(str), drawn[["name", "digest"]].astype(str)
    sums = (int(pd.util.hash_pandas_object(table, index=False).sum()) for table in (starts, pictures))
    return digest(iterations, *sums)


def digests_of(ledger: pd.DataFrame | None) -> dict[str, str]:
    """Return name -> digest of a ledger; nothing if there is none."""
    return {} if ledger is None else dict(zip(ledger["name"].to_list(), ledger["digest"].to_list(), strict=True))


def extended(ledger: pd.DataFrame, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """Return a ledger with the files that only an earlier one names behind its own."""
    if earlier is None or not len(earlier):
        return ledger
    return pd.concat([ledger, earlier[~earlier["name"].isin(ledger["name"])]], ignore_index=True)
