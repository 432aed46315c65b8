"""Which data set a study uses, and the one way in: settings -> `people`.

A new data set is one reader file and one line in `SOURCES`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.labels import PHASE, RAF, Scheme
from broken_telephone.sources import phase, raf_db
from broken_telephone.strict import Settings

SOURCES: dict[str, tuple[Callable[[Path], pd.DataFrame], Scheme]] = {
    "raf_db": (raf_db.read, RAF),
    "phase": (phase.read, PHASE),
}


class DatasetSettings(Settings):
    """The data set of a study."""

    source: Literal["raf_db", "phase"]
    """How the folder is laid out."""
    path: str
    """The data set's folder as it was unpacked, relative to the project."""

    @property
    def scheme(self) -> Scheme:
        """What this data set labels."""
        return SOURCES[self.source][1]


def read_people(source: str, folder: Path) -> pd.DataFrame:
    """Read everybody in a data set into the `people` table (columns: `tables.PEOPLE`, then the scheme's).

    Args:
        source: a key of `SOURCES`.
        folder: the data set's folder; `image_path` in the result is relative to it.

    Raises:
        StudyError: if the folder or a file in it is missing or not as published; the message names
            the file, the row and the value.
    """
    if source not in SOURCES:
        raise StudyError(f"dataset.source: there is no {source!r} (there are: {', '.join(SOURCES)})")
    if not folder.is_dir():
        raise StudyError(
            f"The data set's folder {folder} does not exist. Put the data set there as it was unpacked, "
            "or change the setting dataset.path (in conf/<study>/parameters.yml, or --params dataset.path=…)."
        )
    read, _ = SOURCES[source]
    return read(folder)
