"""Ends `full_size.py` before a time limit, whatever it is doing then."""

import multiprocessing
import os
import shutil
import threading
import time
from pathlib import Path

RESERVE = 30.0
"""Seconds of the limit that are left for importing libraries before the clock starts, and for the end."""


class Deadline:
    """Stops the process in time. What was printed by then stays true: every way is printed when it ends."""

    def __init__(self, minutes: float, folder: Path) -> None:
        """Start the clock.

        Args:
            minutes: the limit of the whole run.
            folder: is deleted if the process is stopped.
        """
        self.minutes, self._folder = minutes, folder
        self._began, self._seconds = time.perf_counter(), 60 * minutes - RESERVE
        self.running = "nothing"
        """What is measured at the moment."""
        self._timer = threading.Timer(self._seconds, self._stop)
        self._timer.daemon = True
        self._timer.start()

    @property
    def seconds_left(self) -> float:
        """Seconds until the process is stopped."""
        return self._seconds - (time.perf_counter() - self._began)

    def cancel(self) -> None:
        """Let the process go on."""
        self._timer.cancel()

    def _stop(self) -> None:
        print(f"Stopped, to end within {self.minutes:g} minutes: {self.running} and all that would follow", flush=True)
        # vLLM runs in a process of its own.
        for child in multiprocessing.active_children():
            child.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        # Threads and kernels that still run would hold up any other end.
        os._exit(1)
