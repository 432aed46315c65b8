"""Errors of the command line: one about a study is printed as one paragraph, without a traceback."""

import errno
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from kedro.config import MissingConfigException
from kedro.framework.cli.utils import KedroCliError
from kedro.io.core import DatasetNotFoundError, VersionNotFoundError
from kedro.validation import ParameterValidationError

from broken_telephone.errors import StudyError, causes
from broken_telephone.visible import visible


class ParagraphError(KedroCliError):
    """An error whose message needs no traceback."""

    def show(self, file: Any = None) -> None:
        """Print the message, and before it the traceback with `kedro run --verbose`."""
        if self.VERBOSE_ERROR:
            click.secho(visible("".join(traceback.format_exception(self))), fg="yellow", nl=False, err=True)
        click.secho(f"Error: {visible(self.message)}", fg="red", err=True)


def _show_tracebacks(context: click.Context, option: click.Parameter, value: bool) -> None:
    KedroCliError.VERBOSE_ERROR = value


VERBOSE = click.Option(
    ["--verbose"], is_flag=True, expose_value=False, callback=_show_tracebacks, help="Show the traceback of an error."
)
"""An option of commands, as Kedro's other commands have it."""


@contextmanager
def in_a_paragraph() -> Iterator[None]:
    """Replace an error that says what to do by one paragraph."""
    try:
        yield
    except Exception as error:
        for cause in causes(error):
            if isinstance(cause, _READABLE) or _is_refusal_of_kedro(cause):
                raise ParagraphError(_plain(str(cause))) from error
            if isinstance(cause, OSError) and cause.errno in _SYSTEM:
                raise ParagraphError(_SYSTEM[cause.errno].format(cause)) from error
        raise


_READABLE = (
    StudyError,
    # Click shows it after its `except` block has ended, where Kedro finds no error: "NoneType: None".
    KedroCliError,
    ParameterValidationError,
    MissingConfigException,
    DatasetNotFoundError,
    VersionNotFoundError,
)
_NO_ROOM = (
    "There is no room left to write to ({}). Everything that was finished before is saved: make room, and the same "
    "command goes on."
)
_NOT_ALLOWED = (
    "The system does not allow this ({}). Make the file or folder writable, or name another place in globals.yml: "
    "`results`."
)
_SYSTEM = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _NOT_ALLOWED),
    errno.ENAMETOOLONG: (
        "A path is longer than the file system allows ({}). Shorten the name of the file, `results` or `study` in "
        "globals.yml, `data_root`, or the folder of the project."
    ),
}


def refuse_empty(given: dict[str, Any], *options: str) -> None:
    """Refuse an option without a value: Kedro would run the base study, or all pipelines."""
    for option in options:
        if given.get(option) == "":
            raise ParagraphError(
                f"--{option.replace('_', '-')} is empty. Name a value, or leave the option out. Is a variable of the "
                "shell not set?"
            )


def _plain(message: str) -> str:
    """Remove the names of Kedro's internals from its message about refused parameters."""
    prefix = r"^- Parameter '(.+?)': (?:Failed to instantiate \w+ for parameter '\1': )?"
    return re.sub(prefix, r"- \1: ", message, flags=re.MULTILINE).replace(
        "Parameter validation failed:", "These settings cannot be used:", 1
    )


def _is_refusal_of_kedro(error: BaseException) -> bool:
    """Tell whether Kedro refused the choice of pipelines or nodes, for which it raises a plain ValueError."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    module = str(frames[-1].f_globals.get("__name__")) if frames else ""
    return isinstance(error, ValueError) and module in ("kedro.pipeline.pipeline", "kedro.framework.session.session")
