"""Stops in order: after the first Ctrl-C, or a scheduler's SIGTERM, batches at work end and are saved."""

import signal
import threading
from types import FrameType
from typing import Any, Self

from broken_telephone.console import say
from broken_telephone.errors import StudyError


class InterruptedRunError(StudyError):
    """The user, or a scheduler, ended the run; everything that was finished is saved."""


class Interruption:
    """Notes whether a stop was asked for while it is entered. A second signal ends the process at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # Only the main thread may say what a signal does; elsewhere signals stay as they are.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        # A second one kills: everything that is on disk is whole, and the batch at work would be lost anyway.
        for each in self._before:
            signal.signal(each, signal.SIG_DFL)
        say("Stopping when the batch at work is saved; once more ends the process at once.")

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
