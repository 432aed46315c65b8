"""What a study takes once its loop is finished: `kedro run` the first time, and again with nothing changed.

    python benchmarks/after_loop.py           the miniature study; the loop runs before, and is not measured
    python benchmarks/after_loop.py --tiny    a study of 14 pictures, which is annotated only

Each run is a process of its own, with its start. The first run annotates, embeds, explains and reports. The second one
checks all files, computes the tables again from the journals, and takes figures whose input is the same.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from projects import chains_from_images, project
from rows import Row, save

TINY = {"chains": chains_from_images(7), "generator": {"steps": 2}}


def run(folder: Path, *arguments: str) -> float:
    """Return the seconds of `kedro run`."""
    command = [sys.executable, "-m", "kedro", "run", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


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
    print(f"loop {loop:.1f} s; from the finished loop {first:.1f} s; again, with nothing changed, {again:.1f} s")
    if asked.rows:
        rows = [
            Row("`kedro run` from a finished loop", first / loop, "times", "the loop itself (miniature study)"),
            Row("`kedro run` again, nothing changed", 100 * again / first, "%", "the run before"),
        ]
        save(asked.rows, rows)


if __name__ == "__main__":
    main()
