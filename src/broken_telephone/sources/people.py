"""What all readers share: text files as they occur in the wild, safe names, and the typed table."""

from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.labels import Scheme
from broken_telephone.tables import PEOPLE, as_table


def read_text(path: Path) -> str:
    """Return a text file's content without a byte-order mark.

    Raises:
        StudyError: if the file is missing, unreadable or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StudyError(f"{path} is missing: is the data set unpacked completely?") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from error


def safe_name(name: str, file: Path, row: object) -> str:
    """Return a file name found in a data file, refusing one that would lead out of its folder.

    Raises:
        StudyError: naming the file, the row and the name.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or path.is_absolute() or len(path.parts) != 1 or path.name in {".", ".."} or ":" in name:
        raise StudyError(f"{file}, {row}: {name!r} is not the plain name of a file")
    return name


def people_table(rows: list[dict[str, Any]], scheme: Scheme) -> pd.DataFrame:
    """Build `people` from rows in the words of the scheme; columns that rows lack are null.

    Returns:
        Columns of `tables.PEOPLE`, then one categorical column per concept and attribute, whose
        categories are the scheme's in their order, then those kept apart.
    """
    people = as_table(rows, PEOPLE)
    for name, variable in scheme.variables.items():
        values = [row.get(name) for row in rows]
        people[name] = pd.Categorical(values, categories=variable.categories)
    return people
