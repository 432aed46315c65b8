"""Defines the exceptions that tell a user what to do. Any other exception is a defect of the program."""

from collections.abc import Iterator


class StudyError(ValueError):
    """A study cannot continue with its settings or files.

    The message names the file or setting, the row, the value and what to do.
    """


class UnreadableError(StudyError):
    """A file is missing or broken. Only this item fails; the others continue."""


class ChangedInputError(StudyError):
    """An input changed after results were made from it."""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes, outermost first."""
    while error is not None:
        yield error
        # Libraries do not always raise with `from`.
        error = error.__cause__ or error.__context__
