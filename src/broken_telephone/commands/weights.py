"""Checks that the weights, tables and functions of models are here, without loading weights or using the network."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from broken_telephone.commands.check import MISSING, NOTE, OK, Check, shown_size
from broken_telephone.models.faces.networks import NETWORKS
from broken_telephone.models.presets import resolve

MODELS = ("generator", "describer", "annotator", "embedder", "detector", "parser")
_PLACES = ("path", "hub", "facexlib", "table", "function", "endpoint")
_WEIGHTS = {".safetensors", ".pth", ".bin"}


def model_settings(parameters: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return setting -> settings of each model that a study names, presets filled in.

    Raises:
        StudyError: if there is no such preset.
    """
    stated = {name: parameters.get(name) or {} for name in MODELS}
    stated |= {f"further_annotators.{name}": own for name, own in (parameters.get("further_annotators") or {}).items()}
    stated["counterfactuals.model"] = (parameters.get("counterfactuals") or {}).get("model") or {}
    return {name: _with_preset(name, own) for name, own in stated.items() if own}


def check_weights(models: Mapping[str, Mapping[str, Any]]) -> tuple[list[Check], dict[str, int]]:
    """Return a check of each place that weights come from, and setting -> bytes of the weights that are here.

    Args:
        models: as `model_settings` returns them.
    """
    checks, sizes = [], {}
    for name, settings in models.items():
        sizes[name] = 0
        for path, own in _sources(settings, name):
            check, size = _check_source(path, own)
            checks.append(check)
            sizes[name] += size
    return checks, sizes


def _with_preset(name: str, stated: dict[str, Any]) -> dict[str, Any]:
    kind = next((kind for kind in ("generator", "embedder") if kind == name), "describer")
    kind = "generator" if name == "counterfactuals.model" else kind
    if stated.get("preset") is None:
        return stated
    resolved: dict[str, Any] = resolve(stated, kind)
    return resolved


def _sources(settings: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the groups of settings that name a place: the model's own, and those of its adapters."""
    if any(settings.get(place) is not None for place in _PLACES):
        yield name, settings
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _sources(value, f"{name}.{key}")


def _check_source(name: str, settings: Mapping[str, Any]) -> tuple[Check, int]:
    if settings.get("path") is not None:
        return _check_path(name, Path(str(settings["path"])).expanduser())
    if settings.get("hub") is not None:
        return _check_hub(name, str(settings["hub"]), settings.get("revision"))
    if settings.get("facexlib") is not None:
        return _check_facexlib(name, str(settings["facexlib"]))
    if settings.get("table") is not None:
        return _check_table(name, Path(str(settings["table"])).expanduser()), 0
    if settings.get("function") is not None:
        return _check_function(name, str(settings["function"])), 0
    return _check_endpoint(name, settings), 0


def _check_path(name: str, path: Path) -> tuple[Check, int]:
    if not path.exists():
        return Check(name, MISSING, f"{path} does not exist: correct {name}.path, or put the model there"), 0
    size = _size(path)
    if not size:
        return Check(name, MISSING, f"{path} holds no weights (*.safetensors): name the folder of a whole model"), 0
    return Check(name, OK, f"{path}, {shown_size(size)}"), size


def _check_hub(name: str, hub: str, revision: str | None) -> tuple[Check, int]:
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE) / f"models--{hub.replace('/', '--')}"
    snapshots = folder / "snapshots"
    reference = folder / "refs" / (revision or "main")
    commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else revision
    snapshot = snapshots / commit if commit else None
    if snapshot is not None and snapshot.is_dir() and (size := _size(snapshot)):
        return Check(name, OK, f"{hub} is in the hub's cache, {shown_size(size)}"), size
    at = "" if revision is None else f" --revision {revision}"
    if constants.HF_HUB_OFFLINE:
        return Check(
            name, MISSING, f"{hub} is not in the hub's cache, and HF_HUB_OFFLINE is set: hf download {hub}{at}"
        ), 0
    return Check(name, NOTE, f"{hub} is downloaded at its first use; before that: hf download {hub}{at}"), 0


def _check_facexlib(name: str, network: str) -> tuple[Check, int]:
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "torch"
    url = NETWORKS[network]["url"] if network in NETWORKS else ""
    file = Path(home).expanduser() / "hub" / "checkpoints" / url.rpartition("/")[2]
    if file.is_file():
        return Check(name, OK, f"{network} is in {file.parent}"), file.stat().st_size
    return Check(name, NOTE, f"{network} is fetched at its first use into {file.parent}, from {url}"), 0


def _check_table(name: str, table: Path) -> Check:
    if not table.is_file():
        return Check(name, MISSING, f"{table} does not exist: correct {name}.table, or put the answers there")
    return Check(name, OK, f"answers are read from {table}")


def _check_function(name: str, function: str) -> Check:
    """Check that Python finds a user's function, which imports its module."""
    try:
        is_callable = callable(resolve_name(function))
    # The module is the user's, and may raise anything.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return Check(name, MISSING, f"Python finds no {function} ({reason}): correct {name}.function, or install it")
    if not is_callable:
        return Check(name, MISSING, f"{function} is no function: correct {name}.function")
    return Check(name, OK, f"the function {function}; it was not called")


def _check_endpoint(name: str, settings: Mapping[str, Any]) -> Check:
    """Check that the environment has what the endpoint's settings name. The values are never shown."""
    endpoint, key = settings["endpoint"], str(settings.get("key_variable") or "OPENAI_API_KEY")
    unset = [name for name in (settings.get("header_variables") or {}).values() if not os.environ.get(str(name))]
    if unset:
        return Check(name, MISSING, f"{endpoint}: the environment variable {', '.join(unset)} is not set")
    if not os.environ.get(key):
        return Check(name, NOTE, f"{endpoint}: {key} is not set in the environment; a server without keys needs none")
    return Check(name, OK, f"{endpoint}, with the key in {key}; it was not called")


def _size(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.suffix in _WEIGHTS and file.is_file())


def hub_ids(models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the hub ids of a study's models."""
    return [str(own["hub"]) for name, stated in models.items() for _, own in _sources(stated, name) if own.get("hub")]
