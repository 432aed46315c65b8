"""Checks what is installed: Python, the packages of the base install, and the extras that a study needs."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from packaging.requirements import Requirement

from broken_telephone.commands.check import MISSING, NOTE, OK, Check
from broken_telephone.execution.library_versions import versions

_PROJECT = "broken-telephone"
_DEVELOPMENT = {"dev", "docs"}


def check_python() -> Check:
    """State the versions of Python and of the libraries that results depend on."""
    libraries = ", ".join(f"{name} {number}" for name, number in versions().items())
    return Check("versions", OK, f"Python {platform.python_version()}, {libraries}")


def check_packages() -> Check:
    """Check that the packages of the base install are installed in versions that the project accepts."""
    stated = _requirements()
    if not stated:
        return Check(
            "packages", NOTE, f"{_PROJECT} is not installed, so its requirements are unknown: pip install -e ."
        )
    wrong = [text for requirement in stated if _is_needed(requirement, "") and (text := _problem(requirement))]
    if wrong:
        return Check("packages", MISSING, f"{'; '.join(wrong)}: pip install --no-deps -r requirements.txt")
    return Check("packages", OK, "the base install is complete")


def check_extras(used: dict[str, str]) -> Iterator[Check]:
    """Check the extras.

    Args:
        used: extra -> the setting of the study that needs it.
    """
    by_extra: dict[str, list[Requirement]] = {}
    for requirement in _requirements():
        for extra in _extras_of(requirement):
            by_extra.setdefault(extra, []).append(requirement)
    absent = []
    for extra, requirements in sorted(by_extra.items()):
        wrong = [text for requirement in requirements if (text := _problem(requirement))]
        if extra in used:
            packages = " ".join(requirement.name for requirement in requirements)
            outcome, text = (MISSING, f"{'; '.join(wrong)}: pip install {packages}") if wrong else (OK, "installed")
            yield Check(f"extra {extra}", outcome, f"{text} ({used[extra]} needs it)")
        elif wrong and extra not in _DEVELOPMENT:
            absent.append(extra)
    if absent:
        yield Check("other extras", NOTE, f"not installed, and not needed by this study: {', '.join(absent)}")


def extras_used(parameters: dict[str, Any]) -> dict[str, str]:
    """Return extra -> the setting that needs it."""
    used: dict[str, str] = {}
    for path, value in _leaves(parameters):
        *groups, name = path.split(".")
        # The settings of the miniature's own training are those of no study.
        if value is None or groups[:1] == ["miniature"]:
            continue
        if name in ("endpoint", "quantisation"):
            used.setdefault(name, path)
        elif name == "executor" and value == "ray":
            used.setdefault("ray", path)
        elif path == "tracking.store":
            used["tracking"] = path
        elif {"lora", "adapter"} & {*groups}:
            used.setdefault("adapters", path)
    return used


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _requirements() -> list[Requirement]:
    try:
        return [Requirement(text) for text in requires(_PROJECT) or ()]
    except PackageNotFoundError:
        return []


def _is_needed(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _extras_of(requirement: Requirement) -> Iterator[str]:
    """Yield the extras that a requirement belongs to; extras that consist of other extras do not count."""
    if requirement.marker is None or requirement.name == _PROJECT or _is_needed(requirement, ""):
        return
    for word in str(requirement.marker).replace('"', " ").replace("'", " ").split():
        if _is_needed(requirement, word):
            yield word


def _problem(requirement: Requirement) -> str | None:
    """Return what is wrong with an installed package; None if nothing is."""
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(installed, prereleases=True):
        return None
    return f"{requirement.name} is {installed}, not {requirement.specifier}"
