"""What a study takes once its loop is finished: `kedro run` the first time, and again with nothing changed.

    python benchmarks/after_loop.py           the miniature study; the loop runs before, and is not measured
    python benchmarks/after_loop.py --tiny    a study of 14 pictures, which is annotated only

Each run is a process of its own, with its start. Beside the seconds stands the time of its threads on processors, which
other programs on the machine hardly change. Processes that draw figures may be missing from it. The first run
annotates, embeds, explains and reports. The second one checks all files, computes the tables again from the journals,
and takes figures whose input is the same.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from projects import chains_from_images, project
from rows import Row, save

TINY = {"chains": chains_from_images(7), "generator": {"steps": 2}}


class Taken(NamedTuple):
    """The time of a run, in seconds."""

    wall: float
    processors: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.processors:.1f} s on processors)"


def run(folder: Path, *arguments: str) -> Taken:
    """Return the time of `kedro run`."""
    command = [sys.executable, "-m", "kedro", "run", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    began, before = time.perf_counter(), _on_processors()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    return Taken(time.perf_counter() - began, _on_processors() - before)


def _on_processors() -> float:
    used = os.times()
    return used.children_user + used.children_system


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the runs take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, help="write rows for all.py here")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project(folder, TINY if asked.tiny else {})
        loop = run(folder, "--pipeline", "loop")
        after = ["--pipeline", "annotation"] if asked.tiny else []
        first, again = run(folder, *after), run(folder, *after)
    print(f"loop {loop}; from the finished loop {first}; again, with nothing changed, {again}")
    if asked.rows:
        ratio, percent = first.wall / loop.wall, 100 * again.wall / first.wall
        rows = [
            Row("`kedro run` from a finished loop", ratio, "times", "the loop itself (miniature study)"),
            Row("`kedro run` again, nothing changed", percent, "%", "the run before"),
        ]
        save(asked.rows, rows)


if __name__ == "__main__":
    main()
