"""Writes to the console: data appear as plain text, and a character that cannot be encoded does not end a run."""

import copy
import io
import logging
import shlex
import sys
from datetime import datetime

import rich
from rich.logging import RichHandler
from rich.text import Text

from broken_telephone.visible import visible

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
"""Time format at the beginning of a log line."""


def prepare_console() -> None:
    """Let the standard streams write any character, and show markup in log lines as text.

    Kedro accepts only its own handlers in `conf/logging.yml`, so this function replaces Kedro's handler.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, RichHandler) and not isinstance(handler, LogHandler):
            root.removeHandler(handler)
            root.addHandler(LogHandler(handler.level))


def say(text: str) -> None:
    """Print a text literally: no markup, emoji codes or control characters, and no breaks in long lines."""
    rich.get_console().print(Text(visible(text)), soft_wrap=True)


def study_option(env: str | None) -> str:
    """Return the option that names a study in a command, with a space before it; empty for the base study."""
    return f" --env {shlex.quote(env)}" if env else ""


def is_terminal() -> bool:
    """Return whether the output is a terminal or notebook that can redraw a line, not a log file.

    Rich trusts the environment (`FORCE_COLOR`) even if the output is a file; this function checks the file itself.
    """
    console = rich.get_console()
    if console.is_jupyter:
        return True
    try:
        return console.file.isatty() and not console.is_dumb_terminal
    except ValueError:  # the file is closed
        return False


class LogHandler(RichHandler):
    """Shows log lines with Rich on a terminal; elsewhere each record is one unbroken line."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        """Set the minimum level of records."""
        super().__init__(level, show_path=False, markup=False, rich_tracebacks=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record."""
        shown = copy.copy(record)
        shown.msg, shown.args = visible(record.getMessage()), None
        # A record may request markup itself.
        shown.markup = False
        if record.exc_info or is_terminal():
            super().emit(shown)
            return
        when = datetime.fromtimestamp(record.created)
        # Continuation lines are indented: a line break in a file name must not look like the next record.
        say(f"{when:{TIME_FORMAT}} {record.levelname:<7} " + shown.msg.replace("\n", "\n    "))
