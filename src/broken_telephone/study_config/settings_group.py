"""The base of every group of settings: unknown keys and wrong types are refused, in words.

Kedro validates `params:` entries against these models before anything runs.
"""

from collections.abc import Iterator
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from broken_telephone.errors import StudyError
from broken_telephone.study_config.credentials import SECRET, hide_secrets


class Settings(BaseModel):
    """A group of settings of a study. Values are never converted silently (`"3"` is not 3)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @classmethod
    def model_validate(cls, obj: Any, **kwargs: Any) -> Self:
        """Build the settings from plain values.

        Raises:
            StudyError: naming every setting that is wrong, and the allowed names for unknown ones.
        """
        try:
            return super().model_validate(obj, **kwargs)
        except ValidationError as error:
            raise StudyError("; ".join(cls._in_words(problem) for problem in error.errors())) from None

    @classmethod
    def _at(cls, place: tuple[str | int, ...]) -> type["Settings"]:
        """Return the group of settings at a place, such as ("prompts", 0)."""
        here: type[Settings] = cls
        for name in place:
            if isinstance(name, str) and name in here.model_fields:
                here = next(_groups(here.model_fields[name].annotation), here)
        return here

    @classmethod
    def _in_words(cls, problem: Any) -> str:
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            allowed = ", ".join(cls._at(problem["loc"][:-1]).model_fields)
            return f"'{where}' is not a setting here (there are: {allowed})"
        if problem["type"] == "missing":
            return f"'{where}' is missing"
        message = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            return str(message)
        words = f"'{where}': {message[0].lower()}{message[1:]}"
        return words if problem["type"] == SECRET else f"{words}, not {hide_secrets(repr(problem['input']))}"


def _groups(annotation: Any) -> Iterator[type[Settings]]:
    """Yield the groups of settings in an annotation such as `list[PromptSettings]`."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for argument in get_args(annotation):
        yield from _groups(argument)
