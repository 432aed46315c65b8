"""Seals the dtype that `auto` stood for, so that a study is not continued in another one unnoticed. Pure."""

from collections.abc import Mapping
from typing import Any

AUTO = "auto"
MODELS = {"describe": "describer", "draw": "generator"}
"""Phase of the loop -> the group of settings of its model."""


def with_dtypes(settings: Mapping[str, Any], resolved: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return settings in which `dtype: auto` of a model is what it stands for.

    Args:
        settings: of the loop, by group.
        resolved: phase -> what its model's settings left open, see `Model.resolved`; a phase that is missing stays.
    """
    dtypes = {MODELS[phase]: each["dtype"] for phase, each in resolved.items() if each.get("dtype") is not None}
    return _replaced(settings, dtypes)


def as_sealed(settings: Mapping[str, Any], sealed: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return settings in which `dtype: auto` is what sealed settings state for the same model."""
    groups = {model: (sealed or {}).get(model) or {} for model in MODELS.values()}
    return _replaced(settings, {model: group["dtype"] for model, group in groups.items() if "dtype" in group})


def _replaced(settings: Mapping[str, Any], dtypes: Mapping[str, str]) -> dict[str, Any]:
    replaced = dict(settings)
    for model, dtype in dtypes.items():
        group = replaced.get(model)
        if isinstance(group, Mapping) and group.get("dtype") == AUTO:
            replaced[model] = {**group, "dtype": dtype}
    return replaced
