"""Chooses what MLflow records of a run: settings, counts, changes over all labels, headline tables and pages."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pydantic import BaseModel

from broken_telephone.statistics import ALL
from broken_telephone.study_config.credentials import hide_secrets

TABLES = (
    *("findings", "corrected_drift", "missing_answers", "success_changes", "agreement_sentences", "planned_changes"),
    *("arms", "contrasts", "effects", "validation_verdicts"),
)
"""Tables that are recorded whole. They hold statistics, and no names of people or files."""
PAGES = ("report", "comparison_page", "validation_page")
MANIFEST = "loop_manifest"
_LONGEST = 500
"""Characters of a recorded setting. Long lists, such as prompts, are cut."""
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
    """Return every setting on one level, such as `loop.iterations`, as a short text without secrets."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        if isinstance(plain, Mapping) and plain:
            flat |= flattened({f"{name}.{key}": inner for key, inner in plain.items()})
        else:
            text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)
            text = hide_secrets(text)
            flat[_name(name)] = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return flat


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
