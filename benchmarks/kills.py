"""Runs that are killed, and records that are damaged: whether the results are those of an undisturbed run.

    python benchmarks/kills.py                      all three trials below, 20 moments each; an hour or two
    python benchmarks/kills.py --trials kills --moments 5
    python benchmarks/kills.py --pipelines loop,annotation,similarity,explainability    without the report's figures
    python benchmarks/kills.py --tiny               models that answer at once, one moment

kills: `kedro run` is killed (SIGKILL) at moments spread over all the files that it writes, each time in a fresh
project, and run again to its end. Every picture and table must be that of a run that nobody killed.

sampling: the same with a describer that samples, so that no two runs agree. Instead, everything that can be computed
again is: each picture is drawn once more from the description in the table, and annotations, embeddings, faces and
explanations are made anew from the pictures and texts that are there.

damage: after a whole run with that describer a record of a described batch is cut short. The next run must name it;
when it is deleted, the one after must end with results that agree with each other.

The study is the miniature with one chain per label and two iterations. Ends with status 1 if anything differs.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from projects import STAND_INS, project

from broken_telephone.errors import StudyError, causes
from broken_telephone.seeds import item_seed

BENCHMARKS = Path(__file__).parent
JOURNALS = ("_batches", "_sessions", "embeddings", "face_parts", "explanations", "loop_live")
"""Endings of folders whose files hold times; the tables are made of them."""
TIMES = {"seconds", "sessions", "written", "batches", "machines", "changed"}
"""Entries of manifests, and columns of tables, that differ from run to run."""
SMALL: dict[str, dict[str, Any]] = {
    "chains": {"splits": ["test"], "count": 1},
    "loop": {"iterations": 2, "describe_batch": 4, "draw_batch": 1},
    "annotation": {"batch": 5},
    "embedding": {"batch": 5},
    "explain": {"checked": 1, "random_weights": 1, "batch": 4},
    "report": {"n_bootstrap": 200},
}


class Trial:
    """One study, with which models and pipelines, and where its projects are."""

    def __init__(self, folder: Path, pipelines: Sequence[str], tiny: bool, samples: bool) -> None:
        self.folder, self.pipelines = folder, list(pipelines)
        self.entries: dict[str, Any] = {}
        self.settings = {group: dict(values) for group, values in SMALL.items()}
        if tiny:
            self.entries = STAND_INS | {"describer": STAND_INS["describer"] | {"samples": samples}}
            self.settings["annotation"]["readings"] = ["free"]
        elif samples:
            # The annotator does not sample, so that its answers can be computed again.
            self.settings["annotator"] = {"path": "data/06_models/describer", "max_new_tokens": 60, "dtype": "float32"}
            self.settings["describer"] = {"call": {"do_sample": True, "temperature": 1.5}}

    def new(self, name: str) -> Path:
        """Make a project in which nothing has run."""
        place = self.folder / name
        place.mkdir()
        project(place, self.settings, self.entries)
        return place

    def run(self, place: Path, pipelines: Sequence[str] | None = None) -> None:
        """Run the study, or what is left of it."""
        with _session(place) as session:
            session.run(pipeline_names=list(pipelines or self.pipelines))

    def kill(self, place: Path, files: int, delay: float) -> bool:
        """Begin `kedro run` and kill it a moment after it has written so many files; whether it was still running."""
        command = [sys.executable, "-m", "kedro", "run", "--pipelines", ",".join(self.pipelines)]
        paths = os.pathsep.join([str(BENCHMARKS), *sys.path])
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(
            command, cwd=place, env=os.environ | {"PYTHONPATH": paths}, start_new_session=True, **silent
        )
        while process.poll() is None and len(_written(place)) < files:
            time.sleep(0.005)
        time.sleep(delay)
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return alive

    def killed(self, moments: int, check: Callable[[Path], list[str]], files: int) -> list[str]:
        """Kill a run in a fresh project at each moment and finish it; what the check then finds."""
        found, rng = [], random.Random(7)
        for moment in range(moments):
            place = self.new(f"killed_{moment}")
            after = round(files * (moment + 0.5) / moments)
            alive = self.kill(place, after, rng.uniform(0, 0.3))
            there = len(_written(place))
            self.run(place)
            wrong = check(place)
            print(
                f"  killed with {there} of {files} files{'' if alive else ' (it had ended)'}: {_said(wrong)}",
                flush=True,
            )
            found += wrong
            shutil.rmtree(place)
        return found

    def inconsistent(self, place: Path) -> list[str]:
        """Compute everything again that follows from pictures and descriptions; what differs."""
        found = []
        with _session(place) as session:
            load = session.load_context().catalog.load
            generator, images, chains = load("generator"), load("loop_images"), load("chains").set_index("chain_id")
            for row in load("loop_descriptions").itertuples():
                seed = item_seed(int(chains.loc[row.chain_id, "seed"]), row.iteration)
                [drawn] = generator.draw([row.text], [seed])
                if not np.array_equal(np.asarray(drawn), np.asarray(images[f"{row.chain_id}/{row.iteration}"]())):
                    found.append(f"{row.chain_id}/{row.iteration} is not drawn from its description")
        again = place.with_name(f"{place.name}_again")
        # Kept is what the describer said of the last pictures, as it samples, and the list of names for raters, which
        # holds those of earlier pictures, too.
        shutil.copytree(place, again, symlinks=True, ignore=shutil.ignore_patterns("free_*", "closed_*"))
        for made in (again / "data").glob("0[478]*/*/*"):
            if made.name not in ("annotation_batches", "rating_items.parquet"):
                shutil.rmtree(made) if made.is_dir() else made.unlink()
        self.run(again, [name for name in self.pipelines if name != "loop"])
        found += different(again, place)
        shutil.rmtree(again)
        return found


def kills(folder: Path, moments: int, pipelines: Sequence[str], tiny: bool) -> list[str]:
    """Compare killed runs with an undisturbed one."""
    trial = Trial(folder, pipelines, tiny, samples=False)
    whole = trial.new("whole")
    trial.run(whole)
    return trial.killed(moments, lambda place: different(whole, place), len(_written(whole)))


def sampling(folder: Path, moments: int, pipelines: Sequence[str], tiny: bool) -> list[str]:
    """Kill runs with a describer that samples, and compute again what follows from its descriptions."""
    trial = Trial(folder, pipelines, tiny, samples=True)
    whole = trial.new("whole")
    trial.run(whole)
    return trial.killed(moments, trial.inconsistent, len(_written(whole)))


def damage(folder: Path, moments: int, pipelines: Sequence[str], tiny: bool) -> list[str]:
    """Cut a record of the loop short after a whole run, do what the message says, and compute everything again."""
    trial = Trial(folder, pipelines, tiny, samples=True)
    place = trial.new("damaged")
    trial.run(place)
    records = sorted((place / "data/03_primary/miniature/loop_batches/001_describe").iterdir())
    # Not one of prompts, which are their own descriptions.
    record = next(file for file in records if json.loads(file.read_text())["descriptions"][0]["tokens"] is not None)
    record.write_bytes(record.read_bytes()[: record.stat().st_size // 2])
    # A study that was followed to its end does not read its journal again.
    (place / "data/03_primary/miniature/loop_manifest.json").unlink()
    found = []
    try:
        trial.run(place)
        found.append(f"{record.name} is cut short, and nothing is said")
    except Exception as error:
        message = next((str(cause) for cause in causes(error) if isinstance(cause, StudyError)), repr(error))
        print(f"  {message}")
        if record.stem not in message:
            found.append(f"the message does not name {record.name}: {message}")
    record.unlink()
    trial.run(place)
    return found + trial.inconsistent(place)


def different(one: Path, other: Path) -> list[str]:
    """Return which results of a project another lacks or has otherwise: pictures by bytes, tables by values."""
    left, right = _results(one), _results(other)
    found = [f"{name} is missing" for name in left if name not in right]
    return found + [f"{name} differs" for name in left if name in right and not _same(left[name], right[name])]


def _results(place: Path) -> dict[str, Path]:
    """Return the latest version of every result that holds no times, by its path without the version."""
    found = {}
    for file in _written(place):
        path = file.relative_to(place / "data")
        if any(part.endswith(JOURNALS) for part in path.parts) or file.suffix in (".html", ".log"):
            continue
        # <name>/<version>/<name>, or a folder of such files: versions sort by their time.
        parts = [part for part in path.parts if not part[:4].isdigit() or "T" not in part]
        found["/".join(parts)] = file
    return found


def _written(place: Path) -> list[Path]:
    """Return all files that runs have written, in order."""
    data = place / "data"
    kept = [folder for folder in data.iterdir() if not folder.is_symlink()]
    return sorted(file for folder in kept for file in folder.rglob("*") if file.is_file())


def _same(one: Path, other: Path) -> bool:
    if one.suffix == ".parquet":
        try:
            tables = [pd.read_parquet(file).drop(columns=list(TIMES), errors="ignore") for file in (one, other)]
            pd.testing.assert_frame_equal(*tables, check_exact=True)
        except AssertionError:
            return False
        return True
    if one.suffix == ".json":
        return _timeless(json.loads(one.read_text())) == _timeless(json.loads(other.read_text()))
    return one.read_bytes() == other.read_bytes()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name not in TIMES}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


@contextmanager
def _session(place: Path) -> Iterator[KedroSession]:
    with chdir(place):
        bootstrap_project(place)
        with KedroSession.create(place) as session:
            yield session


def _said(wrong: Sequence[str]) -> str:
    return f"{len(wrong)} differences, such as: {'; '.join(wrong[:3])}" if wrong else "the same"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the trials."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    trials = {trial.__name__: trial for trial in (kills, sampling, damage)}
    parser.add_argument("--trials", nargs="+", choices=list(trials), help="all; of --tiny the first and the last")
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--pipelines", type=lambda text: text.split(","), default=["__default__"])
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.moments, asked.pipelines = 1, ["loop", "annotation"]
    found = []
    for name in asked.trials or (["kills", "damage"] if asked.tiny else trials):
        print(f"{name}:", flush=True)
        with tempfile.TemporaryDirectory() as place:
            wrong = trials[name](Path(place), asked.moments, asked.pipelines, asked.tiny)
        print(f"{name}: {_said(wrong)}", flush=True)
        found += wrong
    if found:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
