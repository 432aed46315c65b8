"""States what was studied: data set, models, chains, annotator, date and digest of the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from broken_telephone.reporting.text.wording import counted, spoken
from broken_telephone.statistics.tables.agreement_table import TOGETHER
from broken_telephone.statistics.tables.shares_table import DATASET

_DIGITS = 8
"""Digits of the digest that are shown; the record of the run has all of them."""
_UNKNOWN = "unknown"
_READINGS = {"free": "in its own words", "closed": "choosing among all categories"}
_TRUTH = ("truth/people.csv", "truth/regions")
"""What only the renderer of the embedded data sets writes: attributes of the rendered people, and their regions."""


@dataclass(frozen=True)
class Fact:
    """Holds one fact and what it is about."""

    name: str
    text: str
    hover: str = ""
    """Says more, where a pointer rests on the fact."""


@dataclass(frozen=True)
class StudySource:
    """Holds what a study states about its data set."""

    data_set: str
    """Name of its scheme, such as `RAF`."""
    folder: str
    """The folder that holds it; empty if unknown."""
    concept: str
    iterations: int
    reading: str
    """The annotator's reading that the report analyses."""
    is_rendered: bool = False
    """Whether the data set is one of the embedded ones with rendered people."""


def is_rendered(folder: str) -> bool:
    """Return whether a data set has rendered people, as the embedded ones do.

    Args:
        folder: of the data set; empty without one.
    """
    return bool(folder) and all((Path(folder) / name).exists() for name in _TRUTH)


def study_facts(
    source: StudySource,
    chains: pd.DataFrame,
    annotators: Sequence[str],
    agreement: pd.DataFrame,
    loop_manifest: Mapping[str, Any],
    written: str,
) -> list[Fact]:
    """Return the facts in the order in which they are shown.

    Args:
        source: what the study states about its data set.
        chains: the `chains` table.
        annotators: names of the measured annotator and of further ones, the measured one first.
        agreement: the `agreement` table, which says who was compared with the annotator.
        loop_manifest: record of the loop.
        written: date of the report.
    """
    generator, describer = models_of(loop_manifest)
    labels = chains["label"].astype(str).nunique()
    folder = PurePath(source.folder).name
    data_set = f"{folder} ({source.data_set})" if folder else source.data_set
    how = _READINGS.get(source.reading, f"{source.reading} reading")
    annotator = f"{annotators[0]}, {how}" if annotators else "none"
    measured = f"{annotators[0]} ({source.reading})" if annotators else ""
    further = f" and {counted(len(annotators) - 1, 'more')}" if len(annotators) > 1 else ""
    digest = str(loop_manifest.get("digest", ""))[:_DIGITS] or _UNKNOWN
    return [
        Fact("Data set", f"{data_set}, {spoken(source.concept)}: {counted(labels, 'label')}"),
        _model(generator, "generator", loop_manifest),
        _model(describer, "describer", loop_manifest),
        Fact("Chains", _chains(chains, source.iterations) + (", imported" if loop_manifest.get("imported") else "")),
        Fact("Annotator", f"{annotator}{further}; {checked_by(agreement, measured)}"),
        Fact("Report", f"{written}; settings {digest}"),
    ]


def models_of(loop_manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Return the names of generator and describer, as the record of the loop or of the import has them.

    Args:
        loop_manifest: the record.
    """
    imported = loop_manifest.get("imported") or {}
    runs = [run["models"] for run in loop_manifest.get("sessions") or () if "models" in run]
    last: Mapping[str, Any] = runs[-1] if runs else {}
    generator, describer = (
        str(imported.get(role) or last.get(phase) or _UNKNOWN)
        for role, phase in (("generator", "draw"), ("describer", "describe"))
    )
    return generator, describer


def _model(name: str, role: str, loop_manifest: Mapping[str, Any]) -> Fact:
    """Name a model, a folder as such, because folders are often called alike. Digest or revision are in the hover."""
    title = role.capitalize()
    if loop_manifest.get("imported"):
        # The settings of an import do not tell what made its results.
        return Fact(title, name)
    settings = loop_manifest.get("settings", {}).get(role) or {}
    if weights := settings.get("weights"):
        return Fact(title, f"{name} (local folder)", f"Digest of the weights: {weights}")
    revision = settings.get("revision")
    return Fact(title, name, f"Revision: {revision}" if revision else "")


def checked_by(agreement: pd.DataFrame, measured: str) -> str:
    """Say which people's labels the annotator was compared with.

    Args:
        agreement: the `agreement` table.
        measured: name and reading of the measured annotator, as the table has them; empty without one.
    """
    if agreement.empty or not measured:
        return "not checked by people"
    pairs = agreement[agreement["categories"].astype(str) == "all"]
    names = pairs[["annotator_a", "annotator_b"]].astype(str)
    is_measured = (names == measured).any(axis=1)
    rated, stated = (pairs[is_measured & (names == people).any(axis=1)] for people in (TOGETHER, DATASET))
    parts = []
    if len(rated):
        parts.append(f"{counted(int(rated['n'].max()), 'rated image')}")
    if len(stated):
        parts.append(f"the data set's labels of {counted(int(stated['n'].max()), 'original')}")
    return f"checked by {' and '.join(parts)}" if parts else "not checked by people"


def _chains(chains: pd.DataFrame, iterations: int) -> str:
    starts = chains["start"].astype(str).value_counts()
    parts = [f"{starts[start]:,} from {start}s" for start in ("image", "prompt") if start in starts]
    return f"{' and '.join(parts)}, {counted(iterations, 'iteration')}"
