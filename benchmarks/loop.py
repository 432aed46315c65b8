"""The loop against the way it is done without this tool, and the time that it spends around its models.

    python benchmarks/loop.py published --chains 280    the miniature's models: the published way, plain batching and
                                                        this tool, one after the other; the limit of arithmetic, and
                                                        the share of the time outside the models
    python benchmarks/loop.py stand-ins                 1,000 and 100,000 chains of three iterations by models that
                                                        answer at once, and reruns of the finished studies
    python benchmarks/loop.py --tiny                    both, with 7 chains and 2 steps

The published way: one picture at a time through both models, and the whole record of the study written anew after
every picture. Plain batching: the best of some batch sizes, written straight against diffusers and transformers. Both
are in `straight.py`. The limit: the models' operations at the rate at which this machine multiplies large matrices.
Loading is never counted. All results go to a temporary folder; `--params` adds settings, such as loop.draw_batch=16.
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

BENCHMARKS = Path(__file__).parent
OURS = {"draw_batch": 16, "describe_batch": 64}
"""The batch sizes of this tool."""


def kedro_run(folder: Path, params: str = "") -> dict[str, Any]:
    """Run the loop in a process of its own; its manifest, wall time and memory."""
    command = [sys.executable, "-m", "kedro", "run", "--pipeline", "loop"]
    command += ["--params", params] if params else []
    began = time.perf_counter()
    paths = os.pathsep.join([str(BENCHMARKS), *sys.path])
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": paths})
    manifest = json.loads((folder / "data/03_primary/miniature/loop_manifest.json").read_text())
    return manifest | {"wall": time.perf_counter() - began}


def compare(chains: int, steps: int, dtype: str, sizes: Sequence[int], params: str) -> None:
    """The published way, plain batching, this tool and the limit of arithmetic, one after the other."""
    import pandas as pd
    from PIL import Image
    from straight import Straight, matrix_rate

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        both = {"generator": {"steps": steps, "dtype": dtype}, "describer": {"dtype": dtype}}
        project(folder, {"chains": chains_from_images(chains), "loop": {"iterations": 1, **OURS}, **both})
        rate = matrix_rate(dtype, seconds=0.1 if steps < 12 else 3.0)
        ours = kedro_run(folder, params)
        count, seconds = ours["counts"]["images"], ours["seconds"]
        spent = sum(seconds.values()) - seconds["load"]
        settings = yaml.safe_load((folder / "conf/base/parameters.yml").read_text())
        originals = ROOT / settings["data_root"]
        table = pd.read_parquet(folder / "data/03_primary/miniature/chains.parquet")
        straight = Straight(ROOT, settings, dtype)
        times = {size: straight.follow(table, originals, folder / f"straight_{size}", size) for size in (1, *sizes)}
        operations = straight.operations(Image.open(originals / table["image_path"].iloc[0]).convert("RGB"))
        rate = max(rate, matrix_rate(dtype, seconds=0.1 if steps < 12 else 3.0))
    best = min(sizes, key=times.__getitem__)
    limit = sum(operations.values()) / rate
    print(f"{count} chains, one iteration, {dtype}; {params or 'settings of the miniature study'}")
    print(f"this tool: {spent:.1f} s {seconds}; {ours['wall']:.1f} s with start and sheet")
    print(f"around the models: {100 * seconds['around'] / (spent + seconds['load']):.2f} % of this tool's time")
    print(f"published way: {times[1]:.1f} s, models loaded; plain batching by batch size: ", end="")
    print(", ".join(f"{size}: {times[size]:.1f} s" for size in sizes))
    print(f"a chain's operations: {operations['describe']:.2f} GFLOP described, {operations['draw']:.2f} GFLOP drawn")
    print(f"the machine multiplies {rate:.0f} GFLOP/s: at least {1000 * limit:.1f} ms a chain")
    rows = [("published way", times[1]), (f"plain batching, {best} at once", times[best]), ("this tool", spent)]
    print("| procedure | chains per hour | ms a chain | this tool against it | against the limit |")
    print("|---|---|---|---|---|")
    for name, time_taken in rows:
        each = time_taken / count
        print(
            f"| {name}, {dtype} | {3600 / each:,.0f} | {1000 * each:.0f} | {time_taken / spent:.2f} times "
            f"| {each / limit:.2f} times |"
        )


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
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 16, 32], help="of plain batching")
    parser.add_argument("--steps", type=int, default=12, help="of drawing, both ways")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000], help="chains of the stand-ins")
    parser.add_argument("--params", default="")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.chains, asked.steps, asked.sizes, asked.batches, asked.dtype = 7, 2, [7], [4], ["float32"]
    if asked.what != "stand-ins":
        for dtype in asked.dtype:
            compare(asked.chains, asked.steps, dtype, asked.batches, asked.params)
    if asked.what != "published":
        stand_ins(asked.sizes)


if __name__ == "__main__":
    main()
