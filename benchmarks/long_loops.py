"""How a study of many iterations is reported, and what `loop.keep` saves on disk.

    python benchmarks/long_loops.py [--chains 200] [--iterations 20 100]
    python benchmarks/long_loops.py --tiny    8 chains of 2 iterations

The report: `report.py`, with simulated annotations of that many chains, in a process of its own for each length. The
loop: models that answer at once, whose pictures have 64 x 64 pixels, once with `keep: all` and once with
`keep: {every: 10}`. The bytes beside the pictures do not depend on their size.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from projects import STAND_INS, chains_from_images, project

BENCHMARKS = Path(__file__).parent
RULES: dict[str, Any] = {"all": "all", "every 10": {"every": 10}}


def report(chains: int, iterations: int) -> str:
    """Return the last lines of `report.py`: steps and seconds, memory, size of the page."""
    command = [sys.executable, str(BENCHMARKS / "report.py"), "--chains", str(chains), "--iterations", str(iterations)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment())
    return done.stdout[done.stdout.index(" step") :].rstrip()


def loop(chains: int, iterations: int, keep: Any) -> dict[str, float]:
    """Follow chains; return seconds of the run and of a rerun, and bytes for each chain and iteration."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = {"chains": chains_from_images(chains), "loop": {"iterations": iterations, "keep": keep}}
        project(folder, settings, STAND_INS)
        seconds = [_run(folder) for _ in range(2)]
        results = folder / "data/03_primary/miniature"
        counts = json.loads((results / "loop_manifest.json").read_text())["counts"]
        items = counts["chains"] * iterations
        pictures = _bytes(results / "loop_images")
        return {
            "run": seconds[0],
            "rerun": seconds[1],
            "pictures": counts["stored"],
            "picture bytes": pictures / items,
            "journal bytes": _bytes(results / "loop_batches") / items,
            "table bytes": sum(_bytes(results / f"loop_{name}.parquet") for name in ("descriptions", "pictures"))
            / items,
        }


def _run(folder: Path) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "kedro", "run", "--pipeline", "loop"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=_environment())
    return time.perf_counter() - began


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(BENCHMARKS), *sys.path])}


def _bytes(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what each length takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=200)
    parser.add_argument("--iterations", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.chains, asked.iterations = 8, [2]
    for iterations in asked.iterations:
        for name, keep in RULES.items():
            found = loop(asked.chains, iterations, keep)
            print(
                f"loop of {iterations} iterations, keep {name}: " + ", ".join(f"{k} {v:,.1f}" for k, v in found.items())
            )
    for iterations in asked.iterations:
        print(f"report of {asked.chains} chains, {iterations} iterations\n{report(asked.chains, iterations)}")


if __name__ == "__main__":
    main()
