"""The loop against the way it is done without this tool, and the time that it spends around its models.

    python benchmarks/loop.py published --chains 280    the miniature's models: the published way, plain batching and
                                                        this tool, in turns; the limit of arithmetic, and the share of
                                                        the time outside the models
    python benchmarks/loop.py stand-ins                 1,000 and 100,000 chains of three iterations by models that
                                                        answer at once, and reruns of the finished studies
    python benchmarks/loop.py --rows rows.json          published alone, with rows for all.py
    python benchmarks/loop.py --tiny                    both, with 7 chains and 2 steps

The published way: one picture at a time through both models, and the whole record of the study written anew after
every picture. Plain batching: the best of some batch sizes, written straight against diffusers and transformers. Both
are in `straight.py`. The limit: the models' operations at the rate at which this machine multiplies large matrices.
Loading is never counted. All results go to a temporary folder; `--params` adds settings to the run with Kedro.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from projects import ROOT, STAND_INS, chains_from_images, project
from rows import Row, save

BENCHMARKS = Path(__file__).parent
OURS = {"draw_batch": 64, "describe_batch": 64}
"""The batch sizes of this tool."""
_ROUND = 64
"""Chains that all ways follow before the next ones."""


def kedro_run(folder: Path, params: str = "") -> dict[str, Any]:
    """Run the loop in a process of its own; its manifest, wall time and memory."""
    command = [sys.executable, "-m", "kedro", "run", "--pipeline", "loop"]
    command += ["--params", params] if params else []
    began = time.perf_counter()
    paths = os.pathsep.join([str(BENCHMARKS), *sys.path])
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": paths})
    manifest = json.loads((folder / "data/03_primary/miniature/loop_manifest.json").read_text())
    return manifest | {"wall": time.perf_counter() - began}


def our_loop(chains: Any, settings: dict[str, Any], models: Sequence[Any], originals: Path, out: Path) -> float:
    """Follow chains for one iteration with this tool, saving every batch as Kedro does; seconds without loading."""
    from broken_telephone.datasets import ImageFolderDataset, ImagePartitionsDataset, RecordPartitionsDataset
    from broken_telephone.loop import LoopSettings
    from broken_telephone.loop.output import LoopFolders
    from broken_telephone.loop.run import run_loop

    prompt = settings["loop"]["describe_prompt"]
    loop = LoopSettings(iterations=1, describe_prompt=prompt, **OURS)
    images = ImagePartitionsDataset(path=str(out / "images"))
    records, sessions = (RecordPartitionsDataset(path=str(out / name)) for name in ("batches", "sessions"))
    folders = LoopFolders(
        ImageFolderDataset(path=str(originals)).load(), images.load(), records.load(), sessions.load()
    )
    loading, began = 0.0, time.perf_counter()
    for output in run_loop(chains, loop, *models, folders):
        images.save(output.images)
        records.save(output.batches)
        sessions.save(output.sessions)
        loading += sum(batch.get("load_seconds", 0.0) for batch in output.batches.values())
    return time.perf_counter() - began - loading


def compare(chains: int, steps: int, dtype: str, sizes: Sequence[int], params: str) -> list[Row]:
    """Compare the published way, plain batching, this tool and the limit of arithmetic.

    The chains are cut into rounds of 64. Each round follows them in all ways, so that a machine that becomes slower
    or faster meanwhile does so for all. Returns rows for all.py.
    """
    import pandas as pd
    from PIL import Image
    from straight import Straight, matrix_rate

    from broken_telephone.models import make_describer, make_generator

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        both = {"generator": {"steps": steps, "dtype": dtype}, "describer": {"dtype": dtype}}
        project(folder, {"chains": chains_from_images(chains), "loop": {"iterations": 1, **OURS}, **both})
        run_of_ours = kedro_run(folder, params)
        whole = run_of_ours["seconds"]
        settings = yaml.safe_load((folder / "conf/base/parameters.yml").read_text())
        originals = ROOT / settings["data_root"]
        table = pd.read_parquet(folder / "data/03_primary/miniature/chains.parquet")
        table = table.sample(frac=1, random_state=1).reset_index(drop=True)
        straight = Straight(ROOT, settings, dtype)
        models = [
            make({**settings[name], "path": str(ROOT / settings[name]["path"])})
            for name, make in (("describer", make_describer), ("generator", make_generator))
        ]
        image = Image.open(originals / table["image_path"].iloc[0]).convert("RGB")
        operations = straight.operations(image)
        for size in (1, *sizes):
            straight.warm_up(image, size)
        our_loop(table.head(OURS["draw_batch"]), settings, models, originals, folder / "warm_up")
        rate, times = 0.0, dict.fromkeys((1, *sizes, "ours"), 0.0)
        for start in range(0, len(table), _ROUND):
            some, out = table.iloc[start : start + _ROUND], folder / f"round_{start}"
            times["ours"] += our_loop(some, settings, models, originals, out / "ours")
            for size in (1, *sizes):
                times[size] += straight.follow(some, originals, out / str(size), size)
            rate = max(rate, matrix_rate(dtype, seconds=0.1 if steps < 12 else 1.0))
    best = min(sizes, key=times.__getitem__)
    limit = sum(operations.values()) / rate
    count, ours = len(table), times["ours"]
    print(f"{count} chains, one iteration, {dtype}; {params or 'settings of the miniature study'}")
    print(f"a run with Kedro: {whole} s; {run_of_ours['wall']:.1f} s with start and sheet; ", end="")
    print(f"around the models: {100 * whole['around'] / sum(whole.values()):.2f} %")
    print(f"a chain's operations: {operations['describe']:.2f} GFLOP described, {operations['draw']:.2f} GFLOP drawn")
    print(f"the machine multiplies {rate:.0f} GFLOP/s: at least {1000 * limit:.1f} ms a chain")
    ways = [("published way", times[1]), *((f"plain batching, {size} at once", times[size]) for size in sizes)]
    print("| procedure | chains per hour | ms a chain | this tool is faster by | against the limit |")
    print("|---|---|---|---|---|")
    for name, seconds in [*ways, ("this tool", ours)]:
        each = seconds / count
        against = f"{seconds / ours:.2f} times" + (", the best plain batching" if seconds == times[best] else "")
        print(f"| {name} | {3600 / each:,.0f} | {1000 * each:.0f} | {against} | {each / limit:.2f} times |")
    print(flush=True)
    procedures = [
        ("the published way, one image at a time", times[1]),
        (f"the best plain batching, {best} at once", times[best]),
        ("the limit of arithmetic", limit * count),
    ]
    speeds = [Row(f"chains per hour, {dtype}", seconds / ours, "times", name) for name, seconds in procedures]
    around = 100 * whole["around"] / sum(whole.values())
    return [*speeds, Row(f"time around the models, {dtype}", around, "%", "the loop's whole time")]


def stand_ins(sizes: Sequence[int]) -> None:
    """What an item costs without models, at each size, and what a run costs that has nothing to do."""
    for chains in sizes:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            project(folder, {"chains": chains_from_images(chains), "loop": {"iterations": 3}}, STAND_INS)
            first = kedro_run(folder)
            count, spent = first["counts"]["images"], first["sessions"][0]["seconds"]["around"]
            again = kedro_run(folder)
            print(
                f"{count} pictures: {1000 * spent / count:.2f} ms around each; run {first['wall']:.1f} s, "
                f"rerun {again['wall']:.1f} s"
            )
    print(f"memory of the largest run: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6:.2f} GB")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["published", "stand-ins"], help="both where it is not said")
    parser.add_argument("--chains", type=int, default=280, help="of the comparison")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 16, 32, 64], help="of plain batching")
    parser.add_argument("--steps", type=int, default=12, help="of drawing, both ways")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000], help="chains of the stand-ins")
    parser.add_argument("--params", default="")
    parser.add_argument("--rows", type=Path, help="write rows for all.py here")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.chains, asked.steps, asked.sizes, asked.batches, asked.dtype = 7, 2, [7], [4], ["float32"]
    if asked.rows and asked.what == "stand-ins":
        parser.error("--rows takes the rows of `published`")
    if asked.what != "stand-ins":
        of_dtypes = [compare(asked.chains, asked.steps, dtype, asked.batches, asked.params) for dtype in asked.dtype]
        if asked.rows:
            save(asked.rows, [row for rows in of_dtypes for row in rows])
    # The stand-ins are no comparison within one run, so that all.py has no rows of them.
    if asked.what != "published" and not asked.rows:
        stand_ins(asked.sizes)


if __name__ == "__main__":
    main()
