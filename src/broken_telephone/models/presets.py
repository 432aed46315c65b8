"""Presets: names in presets.yml for models and their usual settings."""

from importlib.resources import files
from typing import Any

import yaml

from broken_telephone.errors import StudyError
from broken_telephone.study_config.credentials import hide_secrets

_SOURCES = {"path", "hub"}
_MERGED = ("load", "call")


def presets(kind: str) -> dict[str, dict[str, Any]]:
    """Return the presets of a kind, `generator`, `describer` or `embedder`, by name."""
    text = files("broken_telephone.models").joinpath("presets.yml").read_text(encoding="utf-8")
    by_name: dict[str, dict[str, Any]] = yaml.safe_load(text)[kind]
    return by_name


def resolve(stated: Any, kind: str) -> Any:
    """Fill in the preset that the settings name; values that they state take precedence.

    `load` and `call` are merged; another `path` or `hub` removes the preset's hub id and revision.

    Raises:
        StudyError: if there is no such preset.
    """
    if not isinstance(stated, dict) or stated.get("preset") is None:
        return stated
    known = presets(kind)
    name = stated["preset"]
    if name not in known:
        raise StudyError(f"There is no {kind} preset {hide_secrets(repr(name))} (there are: {', '.join(known)})")
    preset = dict(known[name])
    if any(stated.get(place) is not None for place in _SOURCES):
        preset = {setting: value for setting, value in preset.items() if setting not in _SOURCES | {"revision"}}
    merged = {
        setting: preset[setting] | stated[setting]
        for setting in _MERGED
        if isinstance(stated.get(setting), dict) and setting in preset
    }
    return preset | stated | merged
