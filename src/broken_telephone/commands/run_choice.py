"""Checks what `kedro run` is told to run: names of pipelines, nodes, namespaces, tags and data sets."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from kedro.framework.project import pipelines
from kedro.pipeline import Pipeline

from broken_telephone.errors import StudyError

_DEFAULT = "__default__"
_MOST_LISTED = 16
"""Names that a message lists; of more, it names those that resemble the wrong one."""
_MOST_NEAR = 4
_LIKENESS = 0.75
"""Share of equal characters from which a name resembles another one (difflib)."""
_FILTERS = ("tags", "node_names", "from_nodes", "to_nodes", "from_inputs", "to_outputs", "namespaces")
"""Options of the command `kedro run` that leave out nodes, by the names of its parameters."""


def refuse_unknown_choice(given: Mapping[str, Any]) -> None:
    """Check the names that a run is told, before anything is read or computed.

    Args:
        given: the options of `kedro run`, by the names of its parameters.

    Raises:
        StudyError: naming the option, the wrong name, and the names that exist.
    """
    option = "--pipeline" if given.get("pipeline") else "--pipelines"
    names = [given["pipeline"]] if given.get("pipeline") else list(given.get("pipelines") or ())
    if not names and not any(given.get(name) for name in _FILTERS):
        return
    for name in names:
        if name not in pipelines:
            raise _unknown(option, "pipeline", name, pipelines)
    chosen = sum((pipelines[name] for name in names), Pipeline([])) if names else pipelines[_DEFAULT]
    _refuse_unknown_nodes(given, chosen, names)
    tags = {tag for node in chosen.nodes for tag in node.tags}
    boxes = {box for node in chosen.nodes for box in _boxes(node.namespace)}
    for option, what, known in (
        ("tags", "tag", tags),
        ("namespaces", "namespace", boxes),
        ("from_inputs", "data set", chosen.datasets()),
        ("to_outputs", "data set", chosen.all_outputs()),
    ):
        for name in given.get(option) or ():
            if name not in known:
                raise _unknown(f"--{option.replace('_', '-')}", what, name, known, _place(names))
    _refuse_no_nodes(given, chosen, names)


def _refuse_unknown_nodes(given: Mapping[str, Any], chosen: Pipeline, names: Sequence[str]) -> None:
    known = {node.name for node in chosen.nodes}
    for option, shown in (("node_names", "--nodes"), ("from_nodes", "--from-nodes"), ("to_nodes", "--to-nodes")):
        for name in given.get(option) or ():
            if name in known:
                continue
            others = [other for other in sorted(pipelines) if any(node.name == name for node in pipelines[other].nodes)]
            if others:
                raise StudyError(
                    f"{shown}: {name!r} is not a node of {_names(names)}, but of {' and '.join(others)}: "
                    f"add --pipelines {others[0]}"
                )
            list_all = f"`kedro registry describe {names[0] if names else ''}".rstrip() + "` lists all nodes"
            raise _unknown(shown, "node", name, known, _place(names), list_all)


def _refuse_no_nodes(given: Mapping[str, Any], chosen: Pipeline, names: Collection[str]) -> None:
    """Refuse options that are right one by one and together leave nothing to run."""
    filters = {option: given[option] for option in _FILTERS if given.get(option)}
    renamed = {"namespaces": "node_namespaces"}
    try:
        chosen.filter(**{renamed.get(option, option): value for option, value in filters.items()})
    except ValueError as error:
        stated = ", ".join(
            f"--{'nodes' if option == 'node_names' else option.replace('_', '-')} {','.join(value)}"
            for option, value in filters.items()
        )
        raise StudyError(
            f"No node of {_names(names)} is left by {stated}: leave one of these options out, or choose another "
            "pipeline"
        ) from error


def _boxes(namespace: str | None) -> Iterable[str]:
    """Yield a namespace and those that it lies in."""
    parts = namespace.split(".") if namespace else []
    return (".".join(parts[: depth + 1]) for depth in range(len(parts)))


def _names(names: Collection[str]) -> str:
    return " and ".join(names) or "the whole study"


def _place(names: Collection[str]) -> str:
    return f" in {_names(names)}"


def _unknown(
    option: str, what: str, name: str, known: Iterable[str], place: str = "", list_all: str = ""
) -> StudyError:
    """Return the error about a name that does not exist."""
    known = sorted(each for each in known if not each.startswith("__"))
    message = f"{option}: there is no {what} {name!r}{place}."
    if near := _near(name, known):
        message += f" Did you mean {' or '.join(near)}?"
    if len(known) <= _MOST_LISTED:
        message += f" There are: {', '.join(known)}"
    elif list_all:
        message += f" {list_all}"
    return StudyError(message)


def _near(name: str, known: Collection[str]) -> list[str]:
    """Return the names that resemble a wrong one: with the same last part, with it inside, or alike."""
    wanted = name.casefold()
    wanted_last = wanted.rpartition(".")[2]
    folded = {each.casefold(): each for each in known}
    last_parts = {low.rpartition(".")[2]: each for low, each in folded.items()}
    same = [each for low, each in folded.items() if low.rpartition(".")[2] == wanted_last]
    inside = [each for low, each in folded.items() if wanted in low]
    alike = [folded[low] for low in get_close_matches(wanted, folded, _MOST_NEAR, _LIKENESS)]
    alike += [last_parts[low] for low in get_close_matches(wanted_last, last_parts, _MOST_NEAR, _LIKENESS)]
    return list(dict.fromkeys(same or inside or alike))[:_MOST_NEAR]
