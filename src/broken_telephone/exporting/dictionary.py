"""The data dictionary: meaning and unit of every column of every table, read from dictionary.yml."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_SOURCE = Path(__file__).with_name("dictionary.yml")


class Column(NamedTuple):
    """A column of a table."""

    name: str
    meaning: str
    unit: str | None
    """Unit of the numbers; None for texts and truth values."""
    names: str | None
    """What its values name, such as chain or file; see `names.Names`. None: nothing that is kept from others."""


class Table(NamedTuple):
    """A table of a study, under the name of its catalog entry."""

    name: str
    content: str
    page: str
    """Page in docs that explains it, with the section."""
    columns: dict[str, Column]
    others: str | None
    """Meaning of the further columns, which depend on the study; None if there are none."""
    is_private: bool
    """Whether it repeats the data set, so that no bundle to share has it."""

    def column(self, name: str) -> Column | None:
        """Return the entry of a column; None if nothing describes it."""
        further = None if self.others is None else Column(name, self.others, None, None)
        return self.columns.get(name, further)


@lru_cache
def described_tables() -> dict[str, Table]:
    """Return all tables by name, in the order of the dictionary."""
    source: dict[str, Any] = yaml.safe_load(_SOURCE.read_text(encoding="utf-8"))
    common = {name: _column(name, entry, None) for name, entry in source["columns"].items()}
    tables = {}
    for name, entry in source["tables"].items():
        columns = [_listed(each, common) for each in entry["columns"]]
        tables[name] = Table(
            name,
            entry["content"],
            entry["page"],
            {column.name: column for column in columns},
            entry.get("other_columns"),
            entry.get("private", False),
        )
    return tables


def _listed(entry: str | dict[str, Any], common: dict[str, Column]) -> Column:
    """Return the column of an entry in a table's list: a name, or a name with what differs from the common meaning."""
    if isinstance(entry, str):
        return common[entry]
    ((name, own),) = entry.items()
    return _column(name, own, common.get(name))


def _column(name: str, entry: str | dict[str, Any], common: Column | None) -> Column:
    stated = {"meaning": entry} if isinstance(entry, str) else entry
    inherited = common or Column(name, "", None, None)
    return inherited._replace(**stated)
