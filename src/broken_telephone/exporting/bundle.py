"""Writes a bundle: every table as CSV and Parquet, the data dictionary, Croissant metadata and a page about it.

Tables are read one after the other, so a bundle needs the memory of its largest table.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.exporting.croissant import File, RecordSet, croissant
from broken_telephone.exporting.destination import Destination, opened
from broken_telephone.exporting.dictionary import Table, described_tables
from broken_telephone.exporting.names import Names
from broken_telephone.exporting.paths import without_folders
from broken_telephone.exporting.read_me import Exported, read_me
from broken_telephone.exporting.table_files import categories_of, csv_bytes, kind_of, parquet_bytes, with_types
from broken_telephone.study_config.credentials import secret_in

DICTIONARY = "dictionary.csv"
_DICTIONARY = ("file", "table", "column", "meaning", "unit", "type", "categories", "sha256")


@dataclass(frozen=True)
class Bundle:
    """What a bundle is made of."""

    study: str
    tables: Mapping[str, Callable[[], pd.DataFrame]]
    """Catalog entry -> how it is loaded, for every table that exists."""
    settings: Mapping[str, object]
    """The sealed settings of the loop; empty without a loop."""
    summarise: Callable[[Mapping[str, pd.DataFrame]], Mapping[str, list[str]]]
    """Makes the summary, topic -> sentences, from the exported tables of results."""
    keeps_names: bool
    """Whether names of files, people and raters stay, and the tables of the data set."""


def write_bundle(bundle: Bundle, to: Path) -> Exported:
    """Write a bundle to a folder or a zip file. Equal studies give equal bytes.

    Args:
        bundle: what it is made of.
        to: a new or empty folder, or a file that ends with .zip.

    Raises:
        StudyError: if there is no table, if the settings hold a secret, or if `to` cannot be written.
    """
    known = described_tables()
    chosen = [table for name, table in known.items() if name in bundle.tables]
    exported = Exported(absent=[name for name in known if name not in bundle.tables])
    if not bundle.keeps_names:
        exported.left_out_tables = [table.name for table in chosen if table.is_private]
        chosen = [table for table in chosen if not table.is_private]
    if not chosen:
        raise StudyError(f"The study {bundle.study} has no tables yet: run its pipelines first")
    if (secret := secret_in(dict(bundle.settings))) is not None:
        raise StudyError(f"loop_settings holds a secret in {secret}, so nothing is exported. Take it out of the file")
    names = Names()
    if not bundle.keeps_names:
        for table in chosen:
            names.collect(table, bundle.tables[table.name]())
        names.number()
    rows: list[tuple[str, ...]] = []
    results: dict[str, pd.DataFrame] = {}
    with opened(to) as destination:
        for table in chosen:
            frame = with_types(bundle.tables[table.name]())
            if not bundle.keeps_names:
                frame, left_out = names.without(table, frame)
            else:
                left_out = [name for name in frame.columns if table.column(name) is None]
                frame = frame.drop(columns=left_out)
            if left_out:
                exported.left_out_columns[table.name] = left_out
            exported.tables.append(_write_table(destination, table, frame))
            rows += _dictionary_rows(exported.tables[-1], table, frame)
            if "chain_id" not in frame:
                results[table.name] = frame
        summary = bundle.summarise(results)
        destination.write(DICTIONARY, _csv([_DICTIONARY, *rows]))
        metadata = croissant(bundle.study, _description(bundle.study), exported.tables)
        destination.write("croissant.json", _json(metadata))
        if bundle.settings:
            settings = bundle.settings if bundle.keeps_names else without_folders(bundle.settings)
            destination.write("settings.json", _json(settings))
        if summary:
            destination.write("summary.md", _markdown(bundle.study, summary))
        text = read_me(bundle.study, exported, bool(bundle.settings), bool(summary), bundle.keeps_names)
        destination.write("README.md", text.encode())
    return exported


def _write_table(destination: Destination, table: Table, frame: pd.DataFrame) -> RecordSet:
    """Write the two files of a table."""
    files = []
    for suffix, content in (("parquet", parquet_bytes(table, frame)), ("csv", csv_bytes(frame))):
        path = f"tables/{table.name}.{suffix}"
        destination.write(path, content)
        files.append(File(path, len(content), hashlib.sha256(content).hexdigest()))
    columns = {}
    for name in frame.columns:
        column = table.column(name)
        assert column is not None
        meaning = f"{column.meaning} [{column.unit}]" if column.unit else column.meaning
        columns[name] = (meaning, kind_of(frame[name]))
    return RecordSet(table.name, table.content, files, columns)


def _dictionary_rows(written: RecordSet, table: Table, frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the rows of the data dictionary: one for each column of each of the two files."""
    rows: list[tuple[str, ...]] = []
    for file in written.files:
        for name in frame.columns:
            column = table.column(name)
            assert column is not None
            categories = "" if column.names else "; ".join(categories_of(frame[name]))
            described = (name, column.meaning, column.unit or "", kind_of(frame[name]), categories)
            rows.append((file.path, table.name, *described, file.sha256))
    return rows


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _description(study: str) -> str:
    return (
        f"Tables of the study {study}, made with Broken Telephone: one model describes a picture of a person, another "
        "draws the description, again and again. The tables state how demographic shares change along these chains."
    )


def _markdown(study: str, summary: Mapping[str, list[str]]) -> bytes:
    parts = [f"# {study}: summary"]
    for topic, sentences in summary.items():
        parts += [f"## {topic}", "\n".join(f"- {sentence}" for sentence in sentences)]
    return ("\n\n".join(parts) + "\n").encode()
