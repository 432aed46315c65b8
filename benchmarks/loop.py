"""The loop against the way it is done without this tool, and the time that it spends around its models.

    python benchmarks/loop.py published --chains 500    the miniature's models, both ways, one after the other
    python benchmarks/loop.py around --chains 1000      share of the time outside the miniature's models
    python benchmarks/loop.py stand-ins                 1,000 and 100,000 chains of three iterations by models that
                                                        answer at once, and reruns of the finished studies

The published way: one picture at a time through both models, and the whole record of the study written anew after
every picture. All results go to a temporary folder; `--params` adds settings, such as generator.dtype=bfloat16.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
BENCHMARKS = Path(__file__).parent


def project(folder: Path, chains: int, iterations: int = 1, stand_ins: bool = False) -> None:
    """A project with the miniature's configuration, data and models, and so many chains from images."""
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / ".telemetry", folder)
    (folder / "src").mkdir()
    (folder / "conf/local").mkdir()
    (folder / "data").mkdir()
    for name in ("01_raw", "06_models"):
        (folder / "data" / name).symlink_to(ROOT / "data" / name)
    file = folder / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text())
    # Up to 30 of each of 7 labels in 2 splits are there: the rest is replicates.
    replicates = -(-chains // 420)
    count = -(-chains // (replicates * 14))
    settings["chains"] |= {"splits": ["train", "test"], "count": count, "replicates": replicates, "prompts": []}
    settings["loop"]["iterations"] = iterations
    file.write_text(yaml.safe_dump(settings))
    if stand_ins:
        catalog = folder / "conf/base/catalog.yml"
        entries = yaml.safe_load(catalog.read_text())
        for name in ("generator", "describer"):
            entries[name] = {"type": "stand_ins.StandInDataset", "name": name}
        catalog.write_text(yaml.safe_dump(entries))


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
    os.chdir(ROOT)
    describer, generator = make_describer(settings["describer"]), make_generator(settings["generator"])
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


def compare(chains: int, params: str) -> None:
    """Both ways, one after the other."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project(folder, chains)
        ours = kedro_run(folder, params)
        count = ours["counts"]["images"]
        seconds = ours["seconds"]
        print(f"{count} chains, one iteration; {params or 'settings of the miniature study'}")
        print(f"this tool:     {sum(seconds.values()):.1f} s {seconds}; {ours['wall']:.1f} s with start and sheet")
        theirs = published(folder, count)
        spent = sum(seconds.values()) - seconds["load"]
        print(f"published way: {theirs:.1f} s, models loaded")
        print(
            f"chains per hour: {3600 * count / spent:.0f} and {3600 * count / theirs:.0f}: {theirs / spent:.2f} times"
        )


def around(chains: int, params: str) -> None:
    """Share of the time outside the miniature's models."""
    with tempfile.TemporaryDirectory() as place:
        project(Path(place), chains)
        run = kedro_run(Path(place), params)
        total = sum(run["seconds"].values())
        print(
            f"{run['counts']['images']} chains: {run['seconds']}; around {100 * run['seconds']['around'] / total:.1f} %"
        )


def stand_ins() -> None:
    """What an item costs without models, at two sizes, and what a run costs that has nothing to do."""
    for chains in (1_000, 100_000):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            project(folder, chains, iterations=3, stand_ins=True)
            first = kedro_run(folder)
            count, spent = first["counts"]["images"], first["sessions"][0]["seconds"]["around"]
            again = kedro_run(folder)
            print(
                f"{count} pictures: {1000 * spent / count:.2f} ms around each; run {first['wall']:.1f} s, "
                f"rerun {again['wall']:.1f} s"
            )
    print(f"memory of the largest run: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6:.2f} GB")


def main() -> None:
    """Run one of the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["published", "around", "stand-ins"])
    parser.add_argument("--chains", type=int, default=500)
    parser.add_argument("--params", default="")
    arguments = parser.parse_args()
    if arguments.what == "published":
        compare(arguments.chains, arguments.params)
    elif arguments.what == "around":
        around(arguments.chains, arguments.params)
    else:
        stand_ins()


if __name__ == "__main__":
    main()
