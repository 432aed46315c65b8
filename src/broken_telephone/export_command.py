"""The command `kedro export`: writes the tables of a study as one bundle."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import cast

import pandas as pd
from kedro.framework.session import KedroSession

from broken_telephone.commands.configured import configured_study
from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.exporting import Bundle, Exported, described_tables, write_bundle
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.text.summary import summary
from broken_telephone.reporting.text.wording import counted
from broken_telephone.tables import with_plain_numbers
from broken_telephone.visible import shortlist

_NAMED = 6
"""Tables or columns that a line names at most."""


def export_study(env: str | None, to: Path | None, keeps_names: bool) -> None:
    """Write a bundle of a study's tables, and say what it holds and what it lacks.

    Args:
        env: folder of the study; None is conf/base with conf/local.
        to: a new or empty folder, or a file that ends with .zip; None: <study>.zip in the study's folder of reports.
        keeps_names: whether names of files, people and raters stay, and the tables of the data set.

    Raises:
        StudyError: if the study has no tables, or `to` cannot be written.
    """
    to = _default(env) if to is None else to
    with KedroSession.create(Path.cwd(), env=env) as session:
        catalog = cast(KedroSession, session).load_context().catalog
        margin = ReportSettings.model_validate(catalog.load("params:report")).equivalence_margin
        present = [name for name in described_tables() if name in catalog and catalog.exists(name)]
        # The entry exists before anybody rates.
        if catalog.load("ratings").empty:
            present.remove("ratings")
        bundle = Bundle(
            study=str(catalog.load("params:study")),
            tables={name: partial(catalog.load, name) for name in present},
            settings=catalog.load("loop_settings") if catalog.exists("loop_settings") else {},
            summarise=lambda tables: _summary(tables, margin),
            keeps_names=keeps_names,
        )
        exported = write_bundle(bundle, to)
    for line in _lines(exported, to, keeps_names):
        say(line)


def _default(env: str | None) -> Path:
    """Return where the bundle of a study is written by default, relative to the project's folder where it is below it.

    Raises:
        StudyError: if the results are not on this machine.
    """
    location = configured_study(env).location
    folder = location.layer("08_reporting")
    if "://" in folder:
        raise StudyError(
            f"--to is missing: the results are at {folder}, not on this machine. Name a zip file or a folder"
        )
    file = Path(folder, f"{location.study}.zip")
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _summary(tables: Mapping[str, pd.DataFrame], margin: float) -> dict[str, list[str]]:
    """Return the sentences of the report; none before the reporting pipeline ran."""
    if "findings" not in tables:
        return {}
    return summary({name: with_plain_numbers(table) for name, table in tables.items()}, margin=margin)


def _lines(exported: Exported, to: Path, keeps_names: bool) -> Iterator[str]:
    """Yield what the console says about a bundle."""
    if exported.absent:
        yield f"Not in this study: {shortlist(exported.absent, _NAMED)}."
    if exported.left_out_tables:
        yield f"Left out, as they repeat the data set: {', '.join(exported.left_out_tables)}."
    columns = [f"{table}.{name}" for table, names in exported.left_out_columns.items() for name in names]
    if columns:
        yield f"Left out: {shortlist(columns, _NAMED)} (README.md of the bundle lists all)."
    if keeps_names:
        yield "This bundle names files, people and raters. Do not share it."
    yield f"{counted(len(exported.tables), 'table')}, as CSV and Parquet: {to}"
