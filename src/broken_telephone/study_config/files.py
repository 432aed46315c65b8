"""Reads files of settings, and transforms the settings."""

import io
import os
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import fsspec
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from broken_telephone.errors import StudyError, causes
from broken_telephone.study_config.yaml_text import refuse_bad_yaml

# Settings whose value is a path, in parameters and catalog.
_PATHS = frozenset(
    {"path", "filepath", "data_root", "prompt_file", "labels", "database", "results", "models", "cache_dir"}
)


def read_settings(filesystem: fsspec.AbstractFileSystem, file: Path) -> DictConfig:
    """Read a file of settings.

    Raises:
        StudyError: if the file is not UTF-8 text, not YAML, or not a mapping of settings.
    """
    try:
        text = filesystem.cat_file(file.as_posix()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError(f"{file} is not encoded in UTF-8 (byte {error.start}): save it as UTF-8") from None
    settings: DictConfig = pickle.loads(_parsed(_Text(text, file)))
    return settings


@dataclass(frozen=True)
class _Text:
    """A text of settings; equal texts of different files have the same settings."""

    content: str
    file: Path = field(compare=False)


# One run reads the same files several times. Kedro changes what it gets, and OmegaConf copies slowly: hence the bytes.
@lru_cache(maxsize=64)
def _parsed(text: _Text) -> bytes:
    file = text.file
    refuse_bad_yaml(text.content, str(file))
    try:
        settings = OmegaConf.load(io.StringIO(text.content))
    except OmegaConfBaseException as error:
        raise unresolved(str(file), error) from error
    # OmegaConf refuses what YAML allows, such as a name that occurs twice.
    except (YAMLError, ValueError, OSError) as error:
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        raise StudyError(f"{file}{line} cannot be read as settings: {reason}") from error
    if not isinstance(settings, DictConfig) or "" in settings:
        raise StudyError(f"{file} does not hold settings by name, such as `chains:`")
    return pickle.dumps(settings)


def alike(first: Any, second: Any) -> bool:
    """Return whether two names are the same folder on a file system that ignores case."""
    return str(first).casefold() == str(second).casefold()


def unresolved(kind: str, error: OmegaConfBaseException) -> StudyError:
    """Return a StudyError that names the setting with a `${` reference that cannot be resolved."""
    if own := next((cause for cause in causes(error) if isinstance(cause, StudyError)), None):
        return own
    reason = str(error).splitlines()[0]
    setting = getattr(error, "full_key", None) or "one of them"
    return StudyError(
        f"Settings ({kind}), {setting}: `${{` refers to another setting, and this reference cannot be followed "
        f"({reason}). To have these signs as text, write `\\${{` (inside double quotes `\\\\${{`)"
    )


def with_home(settings: dict[str, Any]) -> dict[str, Any]:
    """Replace `~` by the home folder in every setting that is a path."""
    return {
        name: with_home(value)
        if isinstance(value, dict)
        else _home(value)
        if name in _PATHS and isinstance(value, str)
        else value
        for name, value in settings.items()
    }


def _home(path: str) -> str:
    if path.startswith("sqlite:///~"):
        return f"sqlite:///{os.path.expanduser(path.removeprefix('sqlite:///'))}"  # noqa: PTH111
    # Unlike pathlib, this keeps `~name` of an unknown user, which may be a folder.
    return os.path.expanduser(path)  # noqa: PTH111


def with_texts_changed(value: Any, change: Callable[[str], str]) -> Any:
    """Return settings with `change` applied to every text."""
    if isinstance(value, Mapping):
        return {name: with_texts_changed(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_texts_changed(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value
