"""Writes docs/appendix_tables.md from the data dictionary: `python -m broken_telephone.exporting.appendix FILE`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from broken_telephone.exporting.dictionary import Table, described_tables

_BEGINNING = """# Appendix: tables

All tables of a study and their columns. `catalog.load("drift")` loads a table in a notebook, and
[`kedro export`](exporting.md) writes them for other people. This page is written from
`src/broken_telephone/exporting/dictionary.yml`, which is also the data dictionary of an export.

Words in all tables:

- A *share* is a number from 0 to 1. *As value* means the unit of the column `value`.
- Rows with the label `(all)` combine all labels.
- Every missing number is explained by the `note` of its row.
"""


def appendix() -> str:
    """Return the page as Markdown."""
    tables = described_tables().values()
    overview = ["## Overview", "", "| table | content | more |", "|---|---|---|"]
    overview += [
        f"| [`{table.name}`](#{table.name}) | {_cell(table.content)} | {_more(table.page)} |" for table in tables
    ]
    return "\n".join([_BEGINNING, *overview, *(line for table in tables for line in _section(table))]) + "\n"


def _section(table: Table) -> Iterator[str]:
    """Yield the lines of the section of a table."""
    yield from ("", f"### {table.name}", "", f"{_cell(table.content[:1].upper() + table.content[1:])}.")
    if table.is_private:
        yield from ("", "It repeats the data set, so a bundle to share does not have it.")
    yield from ("", "| column | meaning | unit |", "|---|---|---|")
    for column in table.columns.values():
        yield f"| `{column.name}` | {_cell(column.meaning)} | {column.unit or ''} |"
    if table.others is not None:
        yield f"| further columns | {_cell(table.others)} | |"


def _more(page: str) -> str:
    name = page.partition("#")[0].removesuffix(".md").replace("_", " ")
    return f"[{name}]({page})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(appendix(), encoding="utf-8")
