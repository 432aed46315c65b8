"""A grid of 2 x 2 arms against its studies by themselves.

    python benchmarks/grid.py             21 originals and 7 prompts, one iteration, with reports and explanations
    python benchmarks/grid.py --plain     the same without explanations
    python benchmarks/grid.py --tiny      7 originals, 2 steps of drawing, one generator; no reports or explanations

Two generators (guidance 3 and 1.5) and two describers (60 and 50 new tokens). First the grid runs in one process, as by
`kedro grid`, then each of its studies in a fresh project by `kedro run`. The comparison of the arms is not timed. Every
picture and every table of annotations must be the same both ways.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from projects import project

FACTORS = {
    "generator": {"shipped": {}, "guided": {"generator": {"guidance": 1.5}}},
    "describer": {"shipped": {}, "short": {"describer": {"max_new_tokens": 50}}},
}
TINY = {**FACTORS, "generator": {"shipped": {}}}
STAGES = "loop,annotation,similarity,explainability"
GRID = """
from pathlib import Path
from kedro.framework.startup import bootstrap_project
bootstrap_project(Path.cwd())
from broken_telephone.grid_command import Grid, run_arms
grid = Grid(None, {})
grid.write_settings()
assert not run_arms(grid)
"""


def _settings(grid: dict[str, Any], tiny: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "chains": {"splits": ["test"], "count": 3},
        "generator": {"guidance": 3.0},
        "loop": {"iterations": 1, "draw_batch": 4},
        "annotator": {"path": "data/06_models/describer", "max_new_tokens": 60, "dtype": "float32"},
        "grid": grid,
    }
    if tiny:
        settings["chains"] |= {"count": 1, "prompts": []}
        settings["generator"] |= {"steps": 2}
    return settings


def _timed(run: Callable[[], None]) -> tuple[float, float]:
    """Return seconds on the clock, and on all processors."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _call(folder: Path, *command: str) -> None:
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with (folder / "output.log").open("a") as log:
        subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            check=True,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": paths},
        )


def _results(folder: Path, study: str) -> dict[str, Any]:
    """Return the pictures, and the tables of descriptions and annotations."""
    primary = folder / "data/03_primary" / study
    results: dict[str, Any] = {
        str(file.relative_to(primary)): file.read_bytes() for file in (primary / "loop_images").rglob("*.png")
    }
    results["descriptions"] = pd.read_parquet(primary / "loop_descriptions.parquet").to_csv()
    for name in ("annotations", "predictions"):
        [file] = (folder / "data/07_model_output" / study / f"{name}.parquet").rglob("*/*.parquet")
        results[name] = pd.read_parquet(file).to_csv()
    return results


def measure(explain: bool, report: bool, tiny: bool) -> None:
    """Run both ways, compare the results and print the times."""
    factors = TINY if tiny else FACTORS
    arms = [
        f"miniature-{generator}-{describer}" for generator in factors["generator"] for describer in factors["describer"]
    ]
    with tempfile.TemporaryDirectory() as place:
        together, alone = Path(place, "together"), Path(place, "alone")
        for folder in (together, alone):
            folder.mkdir()
            project(folder, _settings({"factors": factors, "explain": explain, "report": report}, tiny))
        grid = _timed(lambda: _call(together, "-c", GRID))
        # The settings of the arms as the grid wrote them.
        for arm in arms:
            (together / "conf" / arm).rename(alone / "conf" / arm)
        pipelines = [] if report else ["--pipelines", STAGES]

        def run_all() -> None:
            for arm in arms:
                _call(alone, "-m", "kedro", "run", "--env", arm, *pipelines)

        studies = _timed(run_all)
        different = [arm for arm in arms if _results(together, arm) != _results(alone, arm)]
    stated = f"{'with' if report else 'without'} reports, {'with' if explain else 'without'} explanations"
    print(f"{len(arms)} arms, {stated}: results {'differ in ' + ', '.join(different) if different else 'are equal'}")
    print(f"grid: {grid[0]:.0f} s on the clock, {grid[1]:.0f} s of processors")
    print(f"the same studies by themselves: {studies[0]:.0f} s on the clock, {studies[1]:.0f} s of processors")
    print(f"the grid is {studies[0] / grid[0]:.2f} times faster; processors: {studies[1] / grid[1]:.2f} times less")
    if different:
        raise SystemExit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plain", action="store_true", help="without explanations")
    parser.add_argument("--tables", action="store_true", help="without reports")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    measure(not (asked.plain or asked.tiny), not (asked.tables or asked.tiny), asked.tiny)


if __name__ == "__main__":
    main()
