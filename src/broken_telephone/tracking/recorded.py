"""Chooses what MLflow records of a run: settings, counts, changes over all labels, headline tables and pages."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import pandas as pd
from pydantic import BaseModel

from broken_telephone.statistics import ALL
from broken_telephone.study_config.credentials import hide_secrets, secret_in

TABLES = (
    *("findings", "corrected_drift", "missing_answers", "success_changes", "agreement_sentences", "planned_changes"),
    *("arms", "contrasts", "effects", "validation_verdicts"),
)
"""Tables that are recorded whole. They hold statistics, and no names of people or files."""
PAGES = ("report", "comparison_page", "validation_page")
MANIFEST = "loop_manifest"
_LONGEST = 500
"""Characters of a recorded setting. Long lists, such as prompts, are cut."""
_NAMES_PEOPLE = frozenset({"rating.adjudicators"})
"""Settings that hold the names of raters. They are not recorded."""
_SECRET = "…"
_LOCAL_ADDRESS = re.compile(r"file://|sqlite(?:\+\w+)?:///")
"""Beginning of the address of a file, before its absolute path."""
_REFUSED = re.compile(r"[^\w\-. /]")
"""Characters that MLflow does not take in names."""


@dataclass(frozen=True)
class Record:
    """Holds what MLflow records of one run."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    """Name of a page -> its HTML."""


def record_of(study: str, pipeline: str, settings: Mapping[str, Any], results: Mapping[str, Any]) -> Record | None:
    """Return the record of a run; None if the run made nothing that is recorded.

    Args:
        study: name of the study.
        pipeline: names of the pipelines that ran.
        settings: group of settings -> its values, of those that the run used.
        results: catalog entry -> its content: tables, pages and the loop's manifest.
    """
    tables = {name: results[name] for name in TABLES if name in results and len(results[name])}
    pages = {name: results[name] for name in PAGES if name in results}
    manifest = results.get(MANIFEST, {})
    metrics = {**_counts(manifest), **_verdicts(tables), **_changes(tables), **_arms(tables)}
    if not metrics and not pages:
        return None
    tags = {"study": study, "pipeline": pipeline}
    if "digest" in manifest:
        tags["settings digest"] = str(manifest["digest"])
    return Record(f"{study} {pipeline}", tags, flattened(settings), metrics, tables, pages)


def flattened(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return every setting on one level, such as `loop.iterations`, as a short text without secrets.

    Names of raters and absolute paths of this machine are left out: a store may be shared.
    """
    flat: dict[str, str] = {}
    for name, value in settings.items():
        plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        if isinstance(plain, Mapping) and plain:
            flat |= flattened({f"{name}.{key}": inner for key, inner in plain.items()})
        elif name not in _NAMES_PEOPLE and not _is_local(plain):
            text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)
            text = _SECRET if _is_secret(name, plain) else hide_secrets(text)
            flat[_name(name)] = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return flat


def _is_secret(name: str, value: Any) -> bool:
    """Return whether a value is secret by its form, by its name, or by that of a group around it."""
    *groups, last = name.split(".")
    # The name of a group alone makes a value secret: any text in its place shows that.
    return secret_in(value, last) is not None or any(secret_in("text", group) is not None for group in groups)


def _is_local(value: Any) -> bool:
    """Return whether a setting has an absolute path of this machine, alone or in a list."""
    if isinstance(value, Mapping):
        return any(map(_is_local, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_is_local, value))
    if not isinstance(value, str):
        return False
    path = _LOCAL_ADDRESS.sub("", value)
    # The home folder is replaced by its path in some settings only.
    return path.startswith("~") or PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()


def _counts(manifest: Mapping[str, Any]) -> dict[str, float]:
    counts = manifest.get("counts", {})
    return {f"loop/{name}": float(count) for name, count in counts.items() if isinstance(count, int)}


def _verdicts(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Return how many comparisons have each verdict, by table."""
    metrics: dict[str, float] = {}
    for name in ("findings", "contrasts"):
        if name in tables:
            counts = tables[name]["verdict"].dropna().astype(str).value_counts()
            metrics |= {_name(f"{name}/{verdict}"): float(count) for verdict, count in counts.items()}
    if "validation_verdicts" in tables:
        passed = tables["validation_verdicts"]["passed"]
        metrics |= {"validation/passed": float(passed.eq(True).sum()), "validation/checks": float(len(passed))}
    return metrics


def _changes(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Return the change of each share over all labels, which charts of several runs compare."""
    if "findings" not in tables:
        return {}
    rows = tables["findings"].dropna(subset=["value"])
    rows = rows[(rows["family"] == "shares") & (rows["label"] == ALL)]
    return {
        _name(f"change of shares/{row.start}/{row.attribute}/{row.category}"): float(row.value)
        for row in rows.itertuples(index=False)
    }


def _arms(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    if "arms" not in tables:
        return {}
    rows = tables["arms"].dropna(subset=["drift_left"])
    return {_name(f"drift left/{row.start}/{row.arm}"): float(row.drift_left) for row in rows.itertuples(index=False)}


def _name(text: str) -> str:
    return _REFUSED.sub("_", re.sub(r"\+$", " or more", text))
