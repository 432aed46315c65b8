"""The frozen plan: what it states, its digest, and how the study deviates from it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.planning.settings import PlanSettings
from broken_telephone.statistics import first_picture
from broken_telephone.statistics.tables.group_table import SPAN
from broken_telephone.study_config.settings_group import Settings

Record = dict[str, Any]
_ABSENT = "(not set)"
_DIGEST = "digest"
_EXECUTION = frozenset(
    {
        *("attention", "batch", "compile", "device", "executor", "offload", "ray_address", "residency", "workers"),
        "browsed_chains",
    }
)
"""Settings that decide how a result is computed, but not what is measured."""
_LOOP = ("iterations", "describe_prompt", "neutralise", "steer")
_LATER: dict[str, Record] = {
    "dataset": {"attributes": {}},
    "annotation": {"asked_attributes": None},
    "generator": {"quantisation": None, "step_cache": None},
}
"""Settings that earlier plans lack, with the values that change nothing. A plan does not state them with these."""
PLANNED = [*SPAN, "direction"]
"""Columns of the planned hypotheses."""


def settings_that_matter(parameters: Mapping[str, Any]) -> Record:
    """Return the settings that a plan fixes, as plain values.

    They are the data set, the sample without its size, prompt and iterations of the loop, the models, the annotation
    and the report, all without settings of execution.

    Args:
        parameters: settings of the study by group; settings objects or plain values.
    """
    groups = {
        name: _plain(parameters[name])
        for name in ("dataset", "chains", "loop", "generator", "describer", "annotator", "annotation", "report")
    }
    groups["chains"].pop("count", None)
    groups["loop"] = {name: groups["loop"].get(name) or None for name in _LOOP}
    return {
        name: {
            key: value
            for key, value in group.items()
            if key not in _EXECUTION and not (key in _LATER.get(name, {}) and value == _LATER[name][key])
        }
        for name, group in groups.items()
    }


def plan_record(
    study: str,
    plan: PlanSettings,
    parameters: Mapping[str, Any],
    frozen_at: datetime,
    version: str,
    earlier_results: Sequence[str],
) -> Record:
    """State a plan as a record with a digest.

    Args:
        study: its name.
        plan: with at least one hypothesis.
        parameters: as for `settings_that_matter`.
        frozen_at: the present time, in UTC.
        version: of this package.
        earlier_results: results of the study that exist already.

    Raises:
        StudyError: if there is no hypothesis, or if the planned number of people is needed and unknown.
    """
    if not plan.hypotheses:
        raise StudyError(
            "There is nothing to freeze: state the primary hypotheses in conf/<study>/parameters.yml, such as "
            "plan: {hypotheses: [{attribute: gender, category: female}]} (docs/planning.md)"
        )
    count = plan.count if plan.count is not None else _plain(parameters["chains"]).get("count")
    if plan.looks > 1 and not count:
        raise StudyError("Interim looks need a planned size: set plan.count, the planned people of a cell")
    settings = settings_that_matter(parameters)
    record = {
        "study": study,
        "frozen_at": frozen_at.isoformat(timespec="seconds"),
        "version": version,
        "earlier_results": list(earlier_results),
        "plan": {**plan.model_dump(mode="json"), "count": count},
        "settings": settings,
    }
    return {**record, _DIGEST: _digest(record)}


def check_plan(record: Mapping[str, Any], place: str) -> None:
    """Check that a frozen plan is what was frozen.

    Raises:
        StudyError: if its digest does not fit.
    """
    if record.get(_DIGEST) != _digest(record):
        raise StudyError(
            f"{place} was changed after it was frozen: its digest does not fit. Put back the original file. To plan "
            "anew, delete it and run `kedro plan --freeze`; the report then says that the plan came after the results."
        )


def refuse_another_plan(earlier: Mapping[str, Any], new: Mapping[str, Any], place: str) -> None:
    """Check that a new record states the plan and the settings of the frozen one.

    Raises:
        StudyError: naming every difference.
    """
    changes = _differences(_content(earlier), _content(new))
    if changes:
        raise StudyError(
            f"A plan is frozen already ({place}, {earlier['frozen_at']}, digest {earlier[_DIGEST][:12]}), and it "
            "differs:\n" + "\n".join(f"  {change}" for change in changes) + "\nSet these settings back, or give the "
            "study another name. A frozen plan is never overwritten."
        )


def deviations(record: Mapping[str, Any], parameters: Mapping[str, Any], plan: PlanSettings) -> list[str]:
    """Name every setting that differs from the frozen plan, with both values.

    Args:
        record: the frozen plan.
        parameters: present settings, as for `settings_that_matter`.
        plan: the present settings of the plan.
    """
    present = json.loads(json.dumps(settings_that_matter(parameters)))
    count = record["plan"]["count"] if plan.count is None else plan.count
    stated = {**plan.model_dump(mode="json"), "count": count}
    return _differences({"plan": record["plan"], **record["settings"]}, {"plan": stated, **present})


def planned_hypotheses(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the hypotheses of a frozen plan: one row each, columns PLANNED; no rows without a plan."""
    if not record:
        return pd.DataFrame(columns=PLANNED)
    rows = [
        {
            **hypothesis,
            "since": first_picture(hypothesis["start"]),
            "iteration": record["settings"]["loop"]["iterations"],
        }
        | {"direction": hypothesis["direction"] or ""}
        for hypothesis in record["plan"]["hypotheses"]
    ]
    return pd.DataFrame(rows, columns=PLANNED)


def _plain(group: Any) -> dict[str, Any]:
    return group.model_dump(mode="json") if isinstance(group, Settings) else json.loads(json.dumps(group or {}))


def _content(record: Mapping[str, Any]) -> Record:
    return {"plan": record["plan"], **record["settings"]}


def _digest(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the record without its digest, as JSON with sorted names and no spaces."""
    content = {name: value for name, value in record.items() if name != _DIGEST}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before, after = _flat(old), _flat(new)
    return [
        f"{name}: {before.get(name, _ABSENT)!r} planned, {after.get(name, _ABSENT)!r} now"
        for name in sorted(before.keys() | after.keys())
        if before.get(name, _ABSENT) != after.get(name, _ABSENT)
    ]


def _flat(record: Mapping[str, Any], prefix: str = "") -> Record:
    flat: Record = {}
    for name, value in record.items():
        path = f"{prefix}.{name}" if prefix else str(name)
        flat |= _flat(value, path) if isinstance(value, Mapping) and value else {path: value}
    return flat
