"""The page that explains a bundle to the people who receive it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from broken_telephone.exporting.croissant import RecordSet

_NUMBERED = (
    "Names of chains, images, people, rated images and raters: numbers stand for them, the same in all tables. This "
    "hides nobody from people who have the data set. They may find a person by texts, labels and the order of rows."
)


@dataclass
class Exported:
    """What a bundle holds, and what it lacks."""

    tables: list[RecordSet] = field(default_factory=list)
    left_out_tables: list[str] = field(default_factory=list)
    """Tables that repeat the data set."""
    left_out_columns: dict[str, list[str]] = field(default_factory=dict)
    """Table -> its columns that are left out."""
    absent: list[str] = field(default_factory=list)
    """Tables that the study does not have, because the pipeline did not run."""


def read_me(study: str, exported: Exported, has_settings: bool, has_summary: bool, keeps_names: bool) -> str:
    """Return the page as Markdown."""
    listed = [
        "| file | content |",
        "|---|---|",
        "| `dictionary.csv` | data dictionary: meaning, unit, type, categories of every column, SHA-256 of its file |",
        "| `croissant.json` | the same for programs (Croissant 1.0) |",
        *(["| `summary.md` | findings in sentences |"] if has_summary else []),
        *(["| `settings.json` | settings of the loop and of its models |"] if has_settings else []),
        *(f"| `tables/{table.name}.csv`, `.parquet` | {table.content} |" for table in exported.tables),
    ]
    parts = [
        f"# Tables of the study {study}",
        "Made with Broken Telephone. Every table is a CSV file and a Parquet file with the same rows. Parquet keeps "
        "the types of the columns and the order of categories.",
        "\n".join(listed),
        "## Reading the CSV files",
        "They are UTF-8 with commas. Missing values are empty. A text that a spreadsheet would run as a formula has an "
        "apostrophe in front, and invisible characters are written as code points.",
        "## What is left out",
        "\n".join(f"- {line}" for line in _left_out(exported, keeps_names)),
        "## Before you publish it",
        "Add a licence. The terms of the data set and of the models may restrict what you may publish. Descriptions "
        "and prompts are texts about people: read them first.",
    ]
    return "\n\n".join(parts) + "\n"


def _left_out(exported: Exported, keeps_names: bool) -> list[str]:
    """Return what the bundle lacks, one sentence for each kind."""
    lines = [
        "Pictures, thumbnails, figures, activation maps, and the pages that show them.",
        "Journals, ledgers and records of single runs, which name machines and times.",
    ]
    if exported.left_out_tables:
        lines.append(f"Tables that repeat the data set: {_code(exported.left_out_tables)}.")
    lines += [f"Columns of `{table}`: {_code(names)}." for table, names in exported.left_out_columns.items()]
    if keeps_names:
        lines.append("Nothing else. **This bundle names files, people and raters. Do not share it.**")
    else:
        lines.append(_NUMBERED)
    return lines


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
