"""The console: it shows data as text, and a character that it cannot encode does not end a run."""

import copy
import io
import logging
import sys
from datetime import datetime

import rich
from rich.logging import RichHandler
from rich.text import Text

from broken_telephone.visible import visible

WHEN = "%Y-%m-%d %H:%M:%S"
"""How lines of a log file begin."""


def prepare_console() -> None:
    """Let the standard streams write any character, and log lines show markup as text.

    Kedro lets `conf/logging.yml` name its own handlers only, so the project's takes the place of Kedro's here.
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
    """Print a text as it is: without markup, emoji codes or control characters, and without breaking long lines."""
    rich.get_console().print(Text(visible(text)), soft_wrap=True)


def is_terminal() -> bool:
    """Return whether somebody looks at a terminal, or a notebook, that can redraw a line; a log file cannot.

    Rich believes the environment (`FORCE_COLOR`) where the output goes to a file; this asks the file itself.
    """
    console = rich.get_console()
    if console.is_jupyter:
        return True
    try:
        return console.file.isatty() and not console.is_dumb_terminal
    except ValueError:  # the file is closed
        return False


class LogHandler(RichHandler):
    """Rich's log lines on a terminal; elsewhere each record is one line that is never broken."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        """Take the least level of records."""
        super().__init__(level, show_path=False, markup=False, rich_tracebacks=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record."""
        shown = copy.copy(record)
        shown.msg, shown.args = visible(record.getMessage()), None
        # A record may ask for markup by itself.
        shown.markup = False
        if record.exc_info or is_terminal():
            super().emit(shown)
            return
        when = datetime.fromtimestamp(record.created)
        # Indented, because a line break in a file's name must not look like the next record.
        say(f"{when:{WHEN}} {record.levelname:<7} " + shown.msg.replace("\n", "\n    "))
