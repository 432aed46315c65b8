"""Defines the settings of `globals.yml`: names that become folders, and storage locations."""

import inspect
import re
from typing import Any

from fsspec.core import get_filesystem_class, split_protocol
from pydantic import field_validator, model_validator

from broken_telephone.errors import StudyError
from broken_telephone.study_config.credentials import refusal, secret_in
from broken_telephone.study_config.settings_group import Settings

LONGEST_NAME = 64
_NAME = re.compile(rf"(?!-)[A-Za-z0-9_-]{{1,{LONGEST_NAME}}}")


class StudyGlobals(Settings):
    """The settings of `globals.yml`."""

    study: str
    """Name of the study, and of its folder below every layer of `results`."""
    extends: str | None = None
    """Folder of another study in conf, whose settings this study takes before its own."""
    results: str
    """Location of all results of a study: a folder, or an address that fsspec supports."""
    world: str
    """Name of the miniature's rendered world, and part of the names of its folders."""
    models: str
    """Location of the miniature's models."""

    @model_validator(mode="before")
    @classmethod
    def _names_are_names(cls, stated: Any) -> Any:
        for setting in ("study", "world"):
            if isinstance(stated, dict) and setting in stated:
                _refuse_bad_name(setting, stated[setting])
        return stated

    @field_validator("results", "models")
    @classmethod
    def _is_a_location(cls, location: str) -> str:
        if not location.strip() or re.search(r"[\x00-\x1f]", location):
            raise ValueError("this must be a folder or an address")
        # A user without a password is not a secret: abfs://container@account.
        if secret_in(re.sub(r"(?<=://)([\w.-]+)@", r"\1/", location)) is not None:
            raise refusal(
                "an address with a key or a password in it would end up in records: take it out of the address. "
                "Credentials come from the environment, or from the file system's own configuration, such as ~/.aws"
            )
        try:
            filesystem = get_filesystem_class(split_protocol(location)[0] or "file")
        # fsspec does not support the address, or its package is not installed.
        except (ValueError, ImportError) as error:
            raise ValueError(f"this is neither a folder nor a supported address ({error})") from None
        needed = [
            parameter.name
            for parameter in list(inspect.signature(filesystem.__init__).parameters.values())[1:]
            if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        if needed:
            raise ValueError(f"this kind of address cannot be used here: it needs {', '.join(needed)} beside the path")
        return location


def checked_name(setting: str, name: Any) -> str:
    """Return the name of a study or a world.

    Raises:
        StudyError: if it cannot be used, with the rule for names.
    """
    try:
        _refuse_bad_name(setting, name)
    except ValueError as error:
        raise StudyError(str(error)) from None
    return str(name)


def _refuse_bad_name(setting: str, name: Any) -> None:
    if not isinstance(name, str):
        kind = "nothing" if name is None else f"{name!r} ({_KINDS.get(type(name), type(name).__name__)})"
        raise ValueError(
            f"'{setting}': YAML reads {kind} here, and a name must be text. Write the name in quotes, "
            f'such as {setting}: "2024_01"'
        )
    if not _NAME.fullmatch(name):
        allowed = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("-_")[:LONGEST_NAME]
        raise ValueError(
            f"'{setting}': {name!r} cannot be used as a name, because folders and commands carry it. A name has 1 to "
            f"{LONGEST_NAME} characters: letters (a to z, A to Z), digits, - and _. It does not begin with -, "
            f"which commands would take for an option{f'. Try {allowed!r}' if allowed else ''}"
        )


_KINDS = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a group of settings"}
