"""Cuts the folders off the paths in settings: they may name a user of this machine."""

import re
from collections.abc import Mapping
from typing import Any

CUT = "…"
_PATHS_INSIDE = {"load", "arguments"}
"""Groups of free arguments: any text in them that has the form of a path is one."""
_PATH_NAME = re.compile(r"(?:^|_)(?:path|dir|directory|folder|file|filename|root|home|cache|table|database)s?$")
_PROSE_NAME = re.compile(r"(?:^|_)(?:prompt|template|text|question)s?$")
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://")
_OUTSIDE = re.compile(r"(?:[A-Za-z]:)?[/\\]|[A-Za-z]:$|~")
_HOMES = {"home", "homes", "users"}
"""Folders whose entries are called like users."""


def without_folders(settings: Any, name: str = "", is_path: bool = False) -> Any:
    """Return settings whose paths are cut to their last part, such as `…/model`.

    A text counts as a path by the name of its setting, or if it has no blanks and its setting is no prompt. Paths below
    the project stay, and so do web addresses. A last part that may be a user's name, as in `/home/anna`, is cut, too.

    Args:
        settings: plain values.
        name: name of the setting.
        is_path: whether the setting lies in a group that holds paths.
    """
    is_path = is_path or name in _PATHS_INSIDE or _PATH_NAME.search(name) is not None
    if isinstance(settings, Mapping):
        return {key: without_folders(value, str(key), is_path) for key, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [without_folders(value, name, is_path) for value in settings]
    if not isinstance(settings, str) or _PROSE_NAME.search(name):
        return settings
    return _cut(settings) if is_path or not re.search(r"\s", settings) else settings


def _cut(path: str) -> str:
    """Return a path without its folders; texts of another form stay."""
    scheme = _SCHEME.match(path)
    if scheme is not None and scheme["scheme"].lower() in ("http", "https"):
        return path
    parts = [part for part in re.split(r"[/\\]+", path[scheme.end() :] if scheme else path) if part not in ("", ".")]
    if not (scheme or _OUTSIDE.match(path) or ".." in parts):
        return path
    below = [part for part in parts if part != ".."]
    if path.startswith("~"):
        # What follows is below the home folder, which alone names the user.
        return f"{CUT}/{below[-1]}" if len(below) > 1 else CUT
    # Right below the root or a folder of homes, the last part may be a user.
    fewest = 1 if ".." in parts else 2
    names_user = len(below) <= fewest or below[-2].lower() in _HOMES
    return CUT if names_user else f"{CUT}/{below[-1]}"
