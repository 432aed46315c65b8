"""Prints the tables of a plan."""

from typing import Any

import pandas as pd
import rich
from rich.table import Table
from rich.text import Text

from broken_telephone.console import say
from broken_telephone.statistics.tables.plan_table import EXPLORATORY, PLANNED
from broken_telephone.visible import visible

_SIZES = {
    "label": "label",
    "attribute": "attribute",
    "category": "category",
    "share": "share",
    "share_changing": "changing",
    "starts": "starts",
    "starts_needed": "needed",
    "ratings_needed": "ratings",
}
_WHAT = {PLANNED: "Planned hypotheses", EXPLORATORY: "Exploratory tests, the most demanding category of each attribute"}


def show_sizes(sizes: pd.DataFrame, change: float, power: float, half_width: float) -> None:
    """Print the starts and ratings that tests need, and what was assumed.

    Args:
        sizes: columns of `plan_table`.
        change: change of a share to detect.
        power: probability of detecting it.
        half_width: half-width of the interval of a corrected change.
    """
    say(f"needed: starts to detect a change of a share by {change:g} with a power of {power:.0%} after adjustment.")
    say(f"ratings: at each of two iterations, for a corrected change within \N{PLUS-MINUS SIGN}{half_width:g}.")
    say("changing: assumed share of starts that enter or leave the category. starts: those of the study.")
    for family, rows in sizes.groupby("family", sort=False):
        title = f"{_WHAT[str(family)]}; adjusted for {rows['tests'].iloc[0]} tests"
        show_table(title, rows[list(_SIZES)].rename(columns=_SIZES))
    sources = sizes["source"].dropna().value_counts()
    say(f"Source of the shares: {', '.join(f'{source} ({rows} rows)' for source, rows in sources.items())}.")
    notes = sizes.loc[sizes["note"] != "", "note"].str.split("; ").explode().value_counts()
    for note, rows in notes.items():
        say(f"{rows} of {len(sizes)} rows: {note}.")


def show_resources(resources: pd.DataFrame, option: str) -> None:
    """Print images, descriptions, disk space and time.

    Args:
        resources: columns of `resources_table`.
        option: of the command line, which names the study.
    """
    shown = resources.assign(disk=[_size(value) for value in resources["disk_bytes"]])
    shown["time"] = [_time(hours) for hours in resources["hours"]]
    for name in ("chains", "images", "descriptions"):
        shown[name] = [f"{value:,}" for value in resources[name]]
    columns = ["size", "chains", "images", "descriptions", "disk", "time"]
    show_table("Cost of the loop, with one worker of this machine and without loading", shown[columns])
    if resources["hours"].isna().any():
        say(
            "No batch of the loop was measured on this machine, so the time is unknown. Run a few chains of the study, "
            f"then plan again: kedro run --pipeline loop --params chains.count=1{option}"
        )
    if resources["note"].str.contains("upper bound").any():
        say("No image was drawn yet: the disk space is that of uncompressed images, an upper bound.")


def show_table(title: str, table: pd.DataFrame) -> None:
    """Print a table. Its cells are data and are shown as text."""
    # Without lines, the tables of a plan fit into 80 characters.
    shown = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in table:
        number = pd.api.types.is_numeric_dtype(table[name])
        shown.add_column(str(name).replace("_", " "), justify="right" if number else "left", no_wrap=not number)
    for row in table.itertuples(index=False):
        shown.add_row(*(Text(visible(_cell(value))) for value in row))
    rich.get_console().print(shown)


def _size(number: float) -> str:
    """Write a number of bytes, such as `1.4 GB`."""
    unit, name = next(((unit, name) for unit, name in ((1e12, "TB"), (1e9, "GB")) if number >= unit), (1e6, "MB"))
    return f"{number / unit:,.1f} {name}"


def _time(hours: float) -> str:
    """Write a duration in the largest unit that gives at least two, such as `12 minutes`."""
    if pd.isna(hours):
        return "unknown"
    units = ((48, "days", 1 / 24), (2, "hours", 1.0), (1 / 30, "minutes", 60.0))
    name, factor = next(((name, factor) for least, name, factor in units if hours >= least), ("seconds", 3600.0))
    return f"{hours * factor:,.0f} {name}"


def _cell(value: Any) -> str:
    if pd.isna(value):
        return "\N{EN DASH}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) > 1 else f"{value:.2f}"
    return str(value)
