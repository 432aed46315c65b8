"""The base of every group of settings: unknown keys and wrong types are refused, in words.

Kedro validates `params:` entries against these models before anything runs.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from broken_telephone.errors import StudyError


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
    def _in_words(cls, problem: Any) -> str:
        where = ".".join(str(part) for part in problem["loc"]) or "as a whole"
        if problem["type"] == "extra_forbidden":
            allowed = ", ".join(cls.model_fields)
            return f"'{where}' is not a setting here (there are: {allowed})"
        if problem["type"] == "missing":
            return f"'{where}' is missing"
        message = problem["msg"].removeprefix("Value error, ")
        return f"'{where}': {message[0].lower()}{message[1:]}, not {problem['input']!r}"
