"""States what was studied: data set, models, annotator, chains, date and digest of the settings."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from broken_telephone.reporting.text.wording import counted, spoken

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
    describer_folder: str = ""
    generator_folder: str = ""
    """Folders of the models; empty for models from elsewhere."""


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
    loop_manifest: Mapping[str, Any],
) -> list[Fact]:
    """Return the facts in the order in which they are shown.

    Args:
        source: what the study states about its data set.
        chains: the `chains` table.
        annotators: names of the measured annotator and of further ones, the measured one first.
        loop_manifest: record of the loop.
    """
    generator, describer = models_of(loop_manifest)
    labels = chains["label"].astype(str).nunique()
    folder = PurePath(source.folder).name
    data_set = f"{folder} ({source.data_set})" if folder else source.data_set
    how = f"Answers {_READINGS.get(source.reading, f'by {source.reading} reading')}." if annotators else ""
    annotator = annotators[0] if annotators else "none"
    further = f" and {counted(len(annotators) - 1, 'more')}" if len(annotators) > 1 else ""
    return [
        Fact("Data set", f"{data_set}, {spoken(source.concept)}: {counted(labels, 'label')}"),
        _model(describer, "describer", source.describer_folder, loop_manifest),
        _model(generator, "generator", source.generator_folder, loop_manifest),
        Fact("Annotator", f"{annotator}{further}", how),
        Fact("Chains", _chains(chains, source.iterations) + (", imported" if loop_manifest.get("imported") else "")),
    ]


def report_fact(loop_manifest: Mapping[str, Any], written: str) -> Fact:
    """Return when the report was written, and from which settings.

    Args:
        loop_manifest: record of the loop.
        written: date of the report.
    """
    digest = str(loop_manifest.get("digest", ""))[:_DIGITS] or _UNKNOWN
    return Fact("Report", written, f"Settings {digest}")


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


def _model(name: str, role: str, folder: str, loop_manifest: Mapping[str, Any]) -> Fact:
    """Name a model; a folder also by its class, because folders are often called alike. The hover has the digest."""
    title = role.capitalize()
    if loop_manifest.get("imported"):
        # The settings of an import do not tell what made its results.
        return Fact(title, name)
    settings = loop_manifest.get("settings", {}).get(role) or {}
    if weights := settings.get("weights"):
        # The settings may name another folder by now.
        kind = class_in(folder) if PurePath(folder).name == name else ""
        return Fact(title, f"{name} ({kind})" if kind else name, f"Folder {name}. Digest of the weights: {weights}")
    revision = settings.get("revision")
    return Fact(title, name, f"Revision: {revision}" if revision else "")


def class_in(folder: str) -> str:
    """Return the class that a model's folder names, without its task: `LlavaNext`; empty if it names none.

    Args:
        folder: of a model of diffusers or transformers.
    """
    for file, key in (("model_index.json", "_class_name"), ("config.json", "architectures")):
        try:
            named = json.loads((Path(folder) / file).read_text(encoding="utf-8"))[key]
        except (OSError, ValueError, LookupError, TypeError):
            continue
        name = named[0] if isinstance(named, list) and named else named
        if isinstance(name, str):
            return re.sub(r"(Pipeline|For[A-Z]\w*)$", "", name)
    return ""


def _chains(chains: pd.DataFrame, iterations: int) -> str:
    starts = chains["start"].astype(str).value_counts()
    parts = [f"{starts[start]:,} from {start}s" for start in ("image", "prompt") if start in starts]
    return f"{', '.join(parts)}, {counted(iterations, 'iteration')}"
