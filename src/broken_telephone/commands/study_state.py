"""How complete a study is, from its manifests, journals and tables. Loads no model, and writes nothing."""

import io
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pandas as pd
from fsspec import AbstractFileSystem

from broken_telephone.commands.configured import Location
from broken_telephone.datasets.folder import file_names
from broken_telephone.datasets.locations import located
from broken_telephone.datasets.records import RecordPartitionsDataset
from broken_telephone.errors import StudyError
from broken_telephone.loop.plan import fingerprint
from broken_telephone.pictures import state_of

_PAGES = ("report.html", "comparison.html", "validation.html")
NO, OLD, YES = "no", "old", "yes"
"""Whether a result exists; `old` if something that it was made from has changed since."""


@dataclass(frozen=True)
class StudyState:
    """How far a study has come."""

    chains: int | None = None
    """None before ingestion."""
    iterations: int = 0
    """Iterations whose images are drawn for all chains that did not stop."""
    images: int = 0
    """Number of drawn images, also of those that `loop.keep` deleted."""
    failures: int = 0
    annotated: str = NO
    report: str = NO
    """The date of the last report, or NO; with OLD before it if there are newer annotations."""


def state(location: Location, iterations: int) -> StudyState:
    """Return how complete a study is.

    Args:
        location: of its results.
        iterations: `loop.iterations`.

    Raises:
        StudyError: naming a file that is damaged.
    """
    chains = _table(location, "03_primary", "chains.parquet")
    version = _latest(location, "07_model_output", "annotation_manifest.json")
    report = _report(location, version)
    if chains is None:
        return StudyState(report=report)
    manifest = _record(location, "03_primary", "loop_manifest.json")
    sessions = _names(location, "03_primary", "loop_sessions")
    is_current = (
        manifest is not None
        and manifest["chains"] == fingerprint(chains)
        and manifest["iterations"] == iterations
        and len(manifest["sessions"]) == len(sessions)
        and manifest["complete"]
    )
    if is_current and manifest is not None:
        counts = manifest["counts"]
        done, images, failures = iterations, counts["images"], counts["failures"]
    else:
        done, images, failures = _in_journal(location, set(chains["chain_id"].astype(str)), iterations)
    annotated = NO if version is None else _annotated(location, version, chains, iterations)
    return StudyState(len(chains), done, images, failures, annotated, report)


def _in_journal(location: Location, chains: set[str], iterations: int) -> tuple[int, int, int]:
    """Count finished iterations, images and stopped chains of a loop that has not ended."""
    drawn: defaultdict[int, set[str]] = defaultdict(set)
    failed: set[str] = set()
    records = RecordPartitionsDataset(path=f"{location.layer('03_primary')}/loop_batches").load()
    for read in records.values():
        record = read()
        drawn[record["iteration"]] |= {row["chain_id"] for row in record["images"]}
        failed |= {row["chain_id"] for row in record["failures"]}
    numbers = range(1, iterations + 1)
    done = 0
    for number in numbers:
        if drawn[number] and drawn[number] | failed >= chains:
            done = number
    return done, sum(len(drawn[number] & chains) for number in numbers), len(failed & chains)


def _annotated(location: Location, version: str, chains: pd.DataFrame, iterations: int) -> str:
    manifest = _record(location, "07_model_output", f"annotation_manifest.json/{version}/annotation_manifest.json")
    pictures = _table(location, "03_primary", "loop_pictures.parquet")
    if manifest is None or pictures is None:
        return OLD
    return YES if manifest.get("made_from") == state_of(chains, iterations, pictures) else OLD


def _report(location: Location, annotations: str | None) -> str:
    versions = [version for page in _PAGES if (version := _latest(location, "08_reporting", page)) is not None]
    if not versions:
        return NO
    date = max(versions)[:10]
    return f"{OLD}, {date}" if annotations is not None and max(versions) < annotations else date


def _latest(location: Location, layer: str, name: str) -> str | None:
    """Return the latest version of a versioned file; None if there is none."""
    filesystem, path = _place(location, layer, name)
    if not filesystem.isdir(path):
        return None
    versions = [str(entry).rstrip("/").rpartition("/")[2] for entry in filesystem.ls(path, detail=False)]
    whole = [version for version in versions if filesystem.isfile(f"{path}/{version}/{name}")]
    return max(whole, default=None)


def _names(location: Location, layer: str, name: str) -> list[str]:
    return [one for one in file_names(*_place(location, layer, name)) if one.endswith(".json") and one[0] != "."]


def _table(location: Location, layer: str, name: str) -> pd.DataFrame | None:
    filesystem, path = _place(location, layer, name)
    if not filesystem.isfile(path):
        return None
    try:
        return pd.read_parquet(io.BytesIO(filesystem.cat_file(path)))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} is no table ({error})") from error


def _record(location: Location, layer: str, name: str) -> dict[str, Any] | None:
    filesystem, path = _place(location, layer, name)
    if not filesystem.isfile(path):
        return None
    try:
        return dict(json.loads(filesystem.cat_file(path)))
    except (ValueError, TypeError) as error:
        raise StudyError(f"{path} is not a record ({error})") from error


def _place(location: Location, layer: str, name: str) -> tuple[AbstractFileSystem, str]:
    return located(f"{location.layer(layer)}/{name}")
