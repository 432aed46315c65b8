"""The base class of every group of settings. It refuses unknown keys and wrong types.

Kedro validates `params:` entries against these models before a pipeline runs.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from broken_telephone.errors import StudyError
from broken_telephone.study_config.credentials import SECRET, hide_secrets


class Settings(BaseModel):
    """A group of settings of a study. Values are never converted silently (`"3"` is not 3)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Former names of settings and their present names. A former name is refused with the present one."""

    @classmethod
    def model_validate(cls, obj: Any, **kwargs: Any) -> Self:
        """Build the settings from plain values.

        Raises:
            StudyError: names every wrong setting, the new name of a renamed one and the allowed names for an unknown.
        """
        try:
            return super().model_validate(obj, **kwargs)
        except ValidationError as error:
            raise StudyError("; ".join(cls._describe(problem) for problem in error.errors())) from None

    @classmethod
    def _group_at(cls, path: tuple[str | int, ...]) -> type["Settings"]:
        """Return the group of settings at a path, such as ("prompts", 0)."""
        group: type[Settings] = cls
        for name in path:
            if isinstance(name, str) and name in group.model_fields:
                group = next(_groups(group.model_fields[name].annotation), group)
        return group

    @classmethod
    def _describe(cls, problem: Any) -> str:
        *path, name = problem["loc"] or [""]
        setting = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            group = cls._group_at(tuple(path))
            if name in group.renamed:
                return f"'{setting}' has a new name: '{'.'.join(map(str, [*path, group.renamed[name]]))}'"
            near = get_close_matches(str(name), group.model_fields, 1)
            existing = f"'{setting}' is not a setting here (there are: {', '.join(group.model_fields)})"
            return f"{existing}. Did you mean {near[0]}?" if near else existing
        if problem["type"] == "missing":
            return f"'{setting}' is missing"
        message = problem["msg"].removeprefix("Value error, ")
        message = message.replace("a valid dictionary", "a group of names and values")
        if not problem["loc"]:
            return str(message)
        sentence = f"'{setting}': {message[0].lower()}{message[1:]}"
        return sentence if problem["type"] == SECRET else f"{sentence}, not {hide_secrets(repr(problem['input']))}"


def _groups(annotation: Any) -> Iterator[type[Settings]]:
    """Yield the groups of settings in an annotation such as `list[PromptSettings]`."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for argument in get_args(annotation):
        yield from _groups(argument)
