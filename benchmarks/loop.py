"""The loop against the way it is done without this tool, and the time that it spends around its models.

    python benchmarks/loop.py published --chains 500    the miniature's models, both ways, one after the other; and the
                                                        share of the time outside the models
    python benchmarks/loop.py stand-ins                 1,000 and 100,000 chains of three iterations by models that
                                                        answer at once, and reruns of the finished studies
    python benchmarks/loop.py --tiny                    both, with 7 chains and 2 steps

The published way: one picture at a time through both models, and the whole record of the study written anew after
every picture. All results go to a temporary folder; `--params` adds settings, such as generator.dtype=bfloat16.
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


def kedro_run(folder: Path, params: str = "") -> dict[str, Any]:
    """Run the loop in a process of its own; its manifest, wall time and memory."""
    command = [sys.executable, "-m", "kedro", "run", "--pipeline", "loop"]
    command += ["--params", params] if params else []
    began = time.perf_counter()
    paths = os.pathsep.join([str(BENCHMARKS), *sys.path])
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": paths})
    manifest = json.loads((folder / "data/03_primary/miniature/loop_manifest.json").read_text())
    return manifest | {"wall": time.perf_counter() - began}


def published(folder: Path, chains: int) -> float:
    """Follow as many chains for one iteration, one picture at a time; seconds, without loading."""
    import pandas as pd
    from PIL import Image

    from broken_telephone.models import make_describer, make_generator
    from broken_telephone.seeds import item_seed

    settings = yaml.safe_load((folder / "conf/base/parameters.yml").read_text())
    describer, generator = (
        make({**settings[name], "path": str(ROOT / settings[name]["path"])})
        for name, make in (("describer", make_describer), ("generator", make_generator))
    )
    describer.load()
    generator.load()
    table = pd.read_parquet(folder / "data/03_primary/miniature/chains.parquet").head(chains)
    out = folder / "published"
    out.mkdir()
    record: dict[str, list] = {}
    began = time.perf_counter()
    for chain in table.itertuples():
        image = Image.open(ROOT / settings["data_root"] / chain.image_path).convert("RGB")
        [said] = describer.describe([image], settings["loop"]["describe_prompt"])
        [drawn] = generator.draw([said.text], [item_seed(chain.seed, 1)])
        drawn.save(out / f"{chain.chain_id}.png")
        record.setdefault(chain.label, []).append({"image": chain.image_path, "text": said.text})
        (out / "record.json").write_text(json.dumps(record))
    return time.perf_counter() - began


def compare(chains: int, steps: int, params: str) -> None:
    """Both ways, one after the other."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = {"chains": chains_from_images(chains), "loop": {"iterations": 1}, "generator": {"steps": steps}}
        project(folder, settings)
        ours = kedro_run(folder, params)
        count = ours["counts"]["images"]
        seconds = ours["seconds"]
        print(f"{count} chains, one iteration; {params or 'settings of the miniature study'}")
        print(f"this tool:     {sum(seconds.values()):.1f} s {seconds}; {ours['wall']:.1f} s with start and sheet")
        theirs = published(folder, count)
        total = sum(seconds.values())
        print(f"around the models: {100 * seconds['around'] / total:.2f} % of this tool's time")
        spent = total - seconds["load"]
        print(f"published way: {theirs:.1f} s, models loaded")
        print(
            f"chains per hour: {3600 * count / spent:.0f} and {3600 * count / theirs:.0f}: {theirs / spent:.2f} times"
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
    parser.add_argument("--chains", type=int, default=500, help="of the published way")
    parser.add_argument("--steps", type=int, default=12, help="of drawing, both ways")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000], help="chains of the stand-ins")
    parser.add_argument("--params", default="")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.chains, asked.steps, asked.sizes = 7, 2, [7]
    if asked.what != "stand-ins":
        compare(asked.chains, asked.steps, asked.params)
    if asked.what != "published":
        stand_ins(asked.sizes)


if __name__ == "__main__":
    main()
