"""Says in words which values a setting takes, from its type and bounds."""

from collections.abc import Iterable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from broken_telephone.study_config.settings_group import Settings

_PLURALS = {"text": "texts", "whole number": "whole numbers", "number": "numbers", "group": "groups"}


def value_words(field: FieldInfo) -> str:
    """Return the values that a setting takes, in Markdown.

    Examples in the field (`Field(examples=…)`) stand for a rule that its type does not express.
    """
    if field.examples:
        return f"such as {_listed([code(example) for example in field.examples], 'or')}"
    return _words(field.annotation, field.metadata)


def code(value: Any) -> str:
    """Return a value as a study's file states it, as a piece of code."""
    return f"`{_flow(value)}`"


def groups_in(annotation: Any) -> list[tuple[type[Settings], str]]:
    """Return the groups of settings in a type, each with what stands between its name and theirs.

    That is `.` for a group, `[].` for a list of groups, `.<name>.` for groups by name.
    """
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [(annotation, ".")]
    arguments, origin = get_args(annotation), get_origin(annotation)
    if origin is dict:
        return [(group, f".<name>{mark}") for group, mark in groups_in(arguments[1])]
    inner = [group for argument in arguments for group in groups_in(argument)]
    return [(group, f"[]{mark}") for group, mark in inner] if origin is list else inner


def _words(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """Return the words for a type with its bounds."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner, *own = arguments
        return _words(inner, [*metadata, *own])
    if origin in (Union, UnionType):
        parts = [part for part in arguments if part is not NoneType]
        words = [one for part in parts for one in _alternatives(part, metadata)]
        words += ["`null`"] if NoneType in arguments else []
        # The last word must not seem to belong to the values of a map or a list.
        return _listed(words, "or") if all(map(_is_single, words[:-1])) else "; or ".join(words)
    if origin is Literal:
        return _listed(_alternatives(annotation), "or")
    if origin is list:
        return _list_words(arguments[0], metadata)
    if origin is dict:
        return f"map: name → {_words(arguments[1]).removeprefix('map: ')}"
    if annotation is bool:
        return "`true` or `false`"
    if annotation in (int, float):
        kind = "whole number" if annotation is int else "number"
        return f"{kind}{_range(metadata)}"
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return "group"
    return "text" if annotation is str else "any value"


def _alternatives(annotation: Any, metadata: Iterable[Any] = ()) -> list[str]:
    """Return the single values that a type lists, or its words."""
    if get_origin(annotation) is Literal:
        return [code(value) for value in get_args(annotation)]
    return [_words(annotation, metadata)]


def _is_single(words: str) -> bool:
    return not words.startswith(("map: ", "list of "))


def _list_words(item: Any, metadata: Iterable[Any]) -> str:
    words = _words(item)
    limits = list(_limits(metadata))
    least = next((limit.min_length for limit in limits if isinstance(limit, annotated_types.MinLen)), 0)
    most = next((limit.max_length for limit in limits if isinstance(limit, annotated_types.MaxLen)), None)
    first = next((single for single in _PLURALS if words.startswith(single)), None)
    several = words if first is None else words.replace(first, _PLURALS[first], 1)
    several = f"lists{several.removeprefix('list')}" if several.startswith("list of") else several
    if least and least == most:
        return f"list of {least} {several}"
    size = f"{least} to {most} " if most is not None else f"at least {least} " if least > 1 else ""
    return f"list of {size}{several}"


def _range(metadata: Iterable[Any]) -> str:
    """Return the bounds of a number, such as " from 0 to 1"."""
    low = high = ""
    for limit in _limits(metadata):
        match limit:
            case annotated_types.Ge():
                low = f" from {limit.ge:g}"
            case annotated_types.Gt():
                low = f" above {limit.gt:g}"
            case annotated_types.Le():
                high = f" to {limit.le:g}"
            case annotated_types.Lt():
                high = f" below {limit.lt:g}"
    return f"{low} and{high}" if low.startswith(" above") and high else f"{low}{high}"


def _limits(metadata: Iterable[Any]) -> Iterable[Any]:
    """Yield single limits: a field in a type, such as `Field(ge=1)`, has a list of them."""
    for entry in metadata:
        if isinstance(entry, FieldInfo):
            yield from entry.metadata
        else:
            yield entry


def _listed(words: Sequence[str], last: str) -> str:
    """Join words, the last two by a conjunction."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]


def _flow(value: Any) -> str:
    """Write a value as YAML does on one line; a text without quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_flow(own)}' for name, own in value.items())}}}"
    return str(value) or '""'
