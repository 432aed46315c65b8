"""What the tests of the readers share."""

from pathlib import Path

import pandas as pd

from broken_telephone.ingestion import DatasetSettings, DatasetTables, read_dataset


def read(source: str, folder: Path, **settings) -> DatasetTables:
    """Read a data set; every row in its files is in the table or counted as dropped."""
    reading = read_dataset(DatasetSettings.model_validate({"source": source, **settings}), folder)
    dropped = int((reading.defects["effect"] == "dropped").sum())
    assert reading.rows == len(reading.people) + dropped
    return reading


def problems(reading: DatasetTables) -> list[tuple[str, str, str]]:
    """Effect, problem and row of every defect."""
    return list(reading.defects[["effect", "problem", "row"]].itertuples(index=False, name=None))


def one(people: pd.DataFrame, person_id: str) -> pd.Series:
    """One person's row."""
    return people.set_index("person_id").loc[person_id]
