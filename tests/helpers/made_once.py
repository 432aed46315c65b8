"""Folders that several test processes share: the first one that needs a folder makes it, and the others wait."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(temporary: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder of a test run, made by one of its processes.

    Idle processes take over tests of busy ones. Without this, each of them would make the folder again.

    Args:
        temporary: the factory of this process.
        name: of the folder.
        make: writes the folder. If it fails, the next process tries again.
    """
    base = temporary.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            unfinished = temporary.mktemp(name)
            make(unfinished)
            unfinished.rename(folder)
    return folder
