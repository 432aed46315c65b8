"""Refuses a second run of the same chains: each of the two would draw over what the other described."""

import os
import platform
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import psutil

from broken_telephone.errors import StudyError
from broken_telephone.seeds import digest

_CLOCKS_DIFFER = 60.0
"""Tolerance in seconds: a session begins after its process, but the clock may be set in between."""


def this_process() -> dict[str, Any]:
    """Return where this process runs, for its session's record."""
    # Names of machines are often those of people: a digest tells them apart as well.
    return {"host": digest(platform.node(), size=4), "process": os.getpid()}


def refuse_overlap(sessions: Mapping[str, Callable[[], dict[str, Any]]], shard: str) -> None:
    """Refuse to run while a living process of this machine follows chains of this shard.

    Processes of other machines cannot be looked for; the documentation asks not to start such runs.

    Raises:
        StudyError: naming the session.
    """
    own = this_process()
    for name in sessions:
        session = sessions[name]()
        if session["host"] != own["host"] or session["process"] == own["process"]:
            continue
        if _overlap(session["shard"], shard) and _lives(session):
            raise StudyError(
                f"Another run of this study follows the same chains: process {session['process']}, started "
                f"{session['started']} (shard {session['shard']}, record loop_sessions/{name}). Wait for its end, or "
                "stop it; if that process is something else by now, delete the record."
            )


def _lives(session: Mapping[str, Any]) -> bool:
    """Return whether a session's process still runs; zombies and later processes with its number do not count."""
    try:
        process = psutil.Process(session["process"])
        began = datetime.fromisoformat(session["started"]).timestamp()
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() < began + _CLOCKS_DIFFER
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _overlap(one: str, other: str) -> bool:
    (first, of_first), (second, of_second) = (part.split("/") for part in (one, other))
    return of_first != of_second or first == second
