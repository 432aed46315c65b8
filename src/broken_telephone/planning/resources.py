"""Pictures, disk space and time that a number of chains needs, from what was measured."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

_SAMPLED = 400
"""Records of a journal that are read, at most."""
PHASES = ("describe", "draw")
RESOURCES = ("size", "chains", "images", "descriptions", "disk_bytes", "hours", "note")


class Rates(NamedTuple):
    """What one item costs."""

    seconds: Mapping[str, float]
    """Phase (describe, draw) -> seconds of one worker for one item, without loading."""
    image_bytes: float
    """Bytes of a drawn image."""
    are_bytes_measured: bool


def measured_seconds(
    batches: Mapping[str, Callable[[], dict]], sessions: Mapping[str, Callable[[], dict]], host: str
) -> dict[str, float]:
    """Measure the seconds per item of each phase in the loop's journal, for batches of this machine.

    Args:
        batches: the journal, by name.
        sessions: the records of the runs, by name.
        host: this machine, as `loop.concurrent_runs.this_process` names it.

    Returns:
        Phase -> seconds of one worker; without phases that were never run here.
    """
    own = {name for name in sessions if sessions[name]().get("host") == host}
    names, totals = sorted(batches), dict.fromkeys(PHASES, (0.0, 0))
    for index in np.unique(np.linspace(0, max(len(names) - 1, 0), min(len(names), _SAMPLED)).astype(int)):
        record = batches[names[index]]()
        phase = record.get("phase")
        if record.get("session") in own and "seconds" in record and phase in totals:
            seconds, items = totals[phase]
            totals[phase] = (seconds + record["seconds"], items + record["size"])
    return {phase: seconds / items for phase, (seconds, items) in totals.items() if items and seconds}


def rates(seconds: Mapping[str, float], pictures: pd.DataFrame | None, generator: Mapping[str, Any]) -> Rates:
    """Collect what one item costs.

    Args:
        seconds: as `measured_seconds` returns it.
        pictures: ledger of drawn images with a column size, in bytes; None or empty if none was drawn.
        generator: settings, whose width and height limit the size of a PNG file.
    """
    if pictures is not None and len(pictures):
        return Rates(seconds, float(pictures["size"].mean()), True)
    # Three bytes a pixel is a PNG without compression.
    area = int(generator.get("width") or 1024) * int(generator.get("height") or 1024)
    return Rates(seconds, 3.0 * area, False)


def resources_table(sizes: Mapping[str, int], iterations: int, rates: Rates, kept: int | None = None) -> pd.DataFrame:
    """Compute images, descriptions, disk space and time of the loop for numbers of chains.

    Args:
        sizes: name of a size -> number of chains.
        iterations: of the loop.
        rates: as `rates` returns it.
        kept: number of iterations whose images stay on disk (`loop.keep`); None for all.

    Returns:
        Columns RESOURCES, one row for each size. disk_bytes: of the images that stay. hours: of one worker, without
        loading; null if a phase was never measured, which the note says.
    """
    missing = [phase for phase in PHASES if phase not in rates.seconds]
    notes = [f"no rate of this machine: {' and '.join(missing)}"] * bool(missing)
    notes += ["disk space is an upper bound"] * (not rates.are_bytes_measured)
    rows = [
        {
            "size": name,
            "chains": chains,
            "images": chains * iterations,
            "descriptions": chains * iterations,
            "disk_bytes": chains * (iterations if kept is None else kept) * rates.image_bytes,
            "hours": np.nan if missing else chains * iterations * sum(rates.seconds.values()) / 3600,
            "note": "; ".join(notes),
        }
        for name, chains in sizes.items()
    ]
    return pd.DataFrame(rows, columns=list(RESOURCES))


def chains_needed(plan: pd.DataFrame, family: str, labels: Iterable[str], every_label: str, replicates: int) -> int:
    """Add up the chains that a family of tests needs.

    Args:
        plan: columns of `plan_table`.
        family: planned or exploratory.
        labels: of the study.
        every_label: the name that stands for all labels together; its starts are spread over the labels.
        replicates: chains of each start.
    """
    own = plan[(plan["family"] == family) & plan["starts_needed"].notna()]
    largest = own.groupby("label")["starts_needed"].max()
    names = list(labels)
    least = int(np.ceil(largest.get(every_label, 0) / max(len(names), 1)))
    return sum(max(int(largest.get(name, 0)), least) for name in names) * replicates
