"""The one exception that tells a user what to do. Everything else that is raised is a defect."""

from collections.abc import Iterator


class StudyError(ValueError):
    """A study cannot go on as it is set up.

    The message names the file or setting, the row and the value where there are any, and what to do.
    """


class UnreadableError(StudyError):
    """A file is missing or broken: one item of many cannot be read, and the others can go on."""


class ChangedInputError(StudyError):
    """An input is no longer what earlier results were made from."""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what caused it, outermost first."""
    while error is not None:
        yield error
        # Libraries in between do not always say `from`.
        error = error.__cause__ or error.__context__
