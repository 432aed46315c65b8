"""The record of forgotten images: it keeps them out of every later run of a study, without naming them.

`kedro forget` writes it. While a removal is at work, the record also names what is to be removed. Raw data are never
written, so an image that is still in the data set would come back.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from broken_telephone.ingestion.reader_result import DatasetTables
from broken_telephone.seeds import digest

Record = Mapping[str, Any]
_IMAGES, _PENDING = "images", "pending"


def with_forgotten(record: Record, image_ids: Iterable[str], now: datetime) -> dict[str, Any]:
    """Return the record with further images. It holds a digest of each image_id, and the time.

    Args:
        record: of the study; empty if nothing was forgotten before.
        image_ids: the images to add.
        now: time in UTC.
    """
    at = now.isoformat(timespec="seconds")
    return {**record, _IMAGES: {_digest(name): at for name in image_ids} | dict(record.get(_IMAGES, {}))}


def with_pending(record: Record, subject: Mapping[str, list[str]] | None) -> dict[str, Any]:
    """Return the record with what a removal has to remove; None: the removal has ended.

    The tables of a study may lose the names of an image before everything else of it is removed.
    """
    others = {name: value for name, value in record.items() if name != _PENDING}
    return others if subject is None else others | {_PENDING: dict(subject)}


def pending_of(record: Record) -> Mapping[str, list[str]] | None:
    """Return what an interrupted removal had to remove; None if none was interrupted."""
    return record.get(_PENDING)


def is_forgotten(record: Record, image_id: str) -> bool:
    """Return whether an image was forgotten."""
    return _digest(image_id) in record.get(_IMAGES, {})


def without_forgotten(tables: DatasetTables, record: Record) -> tuple[DatasetTables, int]:
    """Return what was read of a data set without forgotten images, and the number of images that were left out."""
    # Without a data set, the tables have no columns.
    if not record or tables.people.empty:
        return tables, 0
    images = tables.people[["image_id", "image_path"]].astype(str).drop_duplicates()
    gone = images[[is_forgotten(record, name) for name in images["image_id"]]]
    kept = DatasetTables(
        people_without(tables.people, gone["image_id"]),
        votes_without(tables.votes, tables.people, gone["image_id"]),
        tables.captions[~tables.captions["image_id"].isin(gone["image_id"])].reset_index(drop=True),
        defects_without(tables.defects, gone["image_path"]),
        tables.rows,
    )
    return kept, len(gone)


def people_without(people: pd.DataFrame, image_ids: Iterable[str]) -> pd.DataFrame:
    """Return `people` without everybody on some images."""
    return people[~people["image_id"].isin(list(image_ids))].reset_index(drop=True)


def votes_without(votes: pd.DataFrame, people: pd.DataFrame, image_ids: Iterable[str]) -> pd.DataFrame:
    """Return `people_votes` without everybody on some images.

    Args:
        votes: the table.
        people: the `people` table, which still has those images.
        image_ids: the images.
    """
    gone = people.loc[people["image_id"].isin(list(image_ids)), "person_id"]
    return votes[~votes["person_id"].isin(gone)].reset_index(drop=True)


def defects_without(defects: pd.DataFrame, image_paths: Iterable[str]) -> pd.DataFrame:
    """Return `dataset_defects` without the rows that name some images, such as an identical one."""
    named = pd.Series(False, index=defects.index)
    for path in image_paths:
        for column in ("file", "row", "value", "advice"):
            # As a whole name: 1.png does not occur in 11.png.
            pattern = rf"(?<![\w./-]){re.escape(path)}(?![\w.-])"
            named |= defects[column].astype("string").str.contains(pattern, regex=True).fillna(False).astype(bool)
    return defects[~named].reset_index(drop=True)


def _digest(image_id: str) -> str:
    return digest("forgotten", image_id)
