"""How long it takes to import as many results as the published study has.

    python benchmarks/importing.py [--folder FOLDER]    53,000 entries, made there, else among temporary files
    python benchmarks/importing.py --tiny               70 entries

Makes RAF-DB with a portrait for every entry, and a `results.json` in the layout of the published RAF runs with a drawn
image of 64 x 64 pixels each. One entry of a hundred is damaged. Then runs `kedro run --pipeline import` in a process of
its own, and prints its seconds and the most memory it had. Making the files does not count.
"""

import argparse
import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import yaml
from ingestion import make_raf
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from PIL import Image
from projects import project

ENTRIES, TINY = 53_000, 70
DAMAGED = 100
"""One entry of so many has no drawn image."""
EMOTIONS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
STUDY = "published"
DESCRIPTION = (
    "The person in the image appears to be experiencing a moment of quiet joy. The corners of the mouth are lifted "
    "in a soft smile, the cheeks are slightly raised, and the eyes look bright and relaxed. There is no sign of "
    "tension in the forehead, which suggests contentment and openness towards whoever is looking back."
)
"""Of the length of the published study's descriptions."""


def make_results(folder: Path, count: int) -> None:
    """Write one entry for every portrait of `make_raf`; every image differs by a few bytes."""
    folder.mkdir()
    sample = folder / "sample.png"
    Image.effect_noise((64, 64), 60).convert("RGB").save(sample)
    content = sample.read_bytes()
    sample.unlink()
    groups: dict[str, dict] = {
        str(code): {"folder": f"/home/me/out/{code}", "label": label, "results": {}}
        for code, label in enumerate(EMOTIONS, 1)
    }
    for code in groups:
        (folder / code).mkdir()
    for number in range(count):
        code, name = str(number % 7 + 1), f"{'test' if number % 5 == 0 else 'train'}_{number:05}_aligned"
        if number % DAMAGED:
            text = b"tEXtname\0" + name.encode()
            chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
            (folder / f"{code}/{name}.png").write_bytes(content[:-12] + chunk + content[-12:])
        groups[code]["results"][f"{name}.jpg"] = {
            "original image": f"/home/me/RAF/{name}.jpg",
            "first description": f"Picture {number}: {DESCRIPTION}",
            "image location": f"/home/me/out/{code}/{name}.png",
            "second description": f"Drawing {number}: {DESCRIPTION}",
            "llava categories": "1. Caucasian\n2. female\n3. 20-39",
        }
    (folder / "results.json").write_text(json.dumps(groups), encoding="utf-8")


def make_project(folder: Path) -> None:
    """Write a project with a study that imports these results."""
    place = folder / "project"
    place.mkdir()
    project(place, {})
    study = place / f"conf/{STUDY}"
    study.mkdir()
    (study / "globals.yml").write_text(f"study: {STUDY}\n", encoding="utf-8")
    settings = {
        "data_root": str(folder / "raf"),
        "dataset": {"source": "raf_db"},
        "loop": {"iterations": 1},
        "import": {"layout": "raf_runs", "root": str(folder / "results")},
    }
    (study / "parameters.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def measure(folder: Path) -> None:
    """Import, and print seconds and memory."""
    place = folder / "project"
    bootstrap_project(place)
    began, busy = time.perf_counter(), time.process_time()
    with KedroSession.create(place, env=STUDY) as session:
        session.run(pipeline_names=["import"])
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    with KedroSession.create(place, env=STUDY) as session:
        counts = session.load_context().catalog.load("loop_manifest")["counts"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{counts['chains']} chains, {counts['images']} images, {counts['failures']} failures: imported in "
        f"{seconds:.1f} s ({busy:.1f} s of processor time), at most {memory:.2f} GiB",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Make data set, results and project, then import them in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--import-from", type=Path, help="import what lies in this folder")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.import_from:
        measure(asked.import_from)
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as place:
        folder, count = Path(place), TINY if asked.tiny else ENTRIES
        make_raf(folder / "raf", count)
        make_results(folder / "results", count)
        make_project(folder)
        subprocess.run([sys.executable, __file__, "--import-from", place], check=True)


if __name__ == "__main__":
    main()
