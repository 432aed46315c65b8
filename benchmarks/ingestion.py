"""How long the data sets take to read at their true sizes.

    python benchmarks/ingestion.py [--folder FOLDER]    where the data sets are made, else among temporary files
    python benchmarks/ingestion.py --tiny               70 pictures each

Makes RAF-DB with 15,339 annotated portraits and PHASE with 18,000 photographs of 36,000 people (noise),
reads each in a process of its own, and compares the check of the images with decoding them all, which is how it is
usually done.
"""

import argparse
import json
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from broken_telephone.ingestion import DatasetSettings, read_dataset
from broken_telephone.ingestion.readers.raf_db import ANNOTATIONS, IMAGES, LABELS
from broken_telephone.labels import PHASE

SIZES = {"raf_db": 15_339, "phase": 18_000}
TINY = 70
LANDMARKS = "10.5\t20\n30.25\t20\n20\t30\n12\t40\n28\t40\n"


def make_raf(folder: Path, count: int) -> None:
    """Every portrait differs by a few bytes, as real ones do."""
    for name in (IMAGES, ANNOTATIONS, Path(LABELS[0]).parent):
        (folder / name).mkdir(parents=True)
    sample = folder / "sample.jpg"
    Image.effect_noise((100, 100), 60).convert("RGB").save(sample, quality=90)
    content, lines = sample.read_bytes(), []
    for number in range(count):
        name = f"{'test' if number % 5 == 0 else 'train'}_{number:05}"
        lines.append(f"{name}.jpg {number % 7 + 1}")
        (folder / f"{IMAGES}/{name}_aligned.jpg").write_bytes(content + b"\xff\xd9" + name.encode())
        codes = f"{number % 3}\n{number % 3}\n{number % 5}\n"
        (folder / f"{ANNOTATIONS}/{name}_manu_attri.txt").write_text(LANDMARKS + codes)
    (folder / LABELS[0]).write_text("\n".join(lines))


def make_phase(folder: Path, count: int) -> None:
    """Two people a photograph, in the val split."""
    (folder / "phase_images").mkdir(parents=True)
    sample = folder / "sample.png"
    Image.effect_noise((320, 240), 20).convert("RGB").save(sample)
    content = sample.read_bytes()
    rng, records = random.Random(1), {}
    theirs = {"skin_tone": "skintone"}
    for number in range(count):
        people = {}
        for person in (1, 2):
            labels = {theirs.get(name, name): rng.choice(v.values) for name, v in PHASE.variables.items()}
            box = [rng.randrange(100), rng.randrange(100), rng.randrange(20, 90), rng.randrange(20, 90)]
            people[f"person{person}"] = {"region": box, "annotations": labels}
        records[f"im{number:06}"] = {"caption": "People.", **people}
        # A text in each of another length: photographs differ in length, too.
        text = b"tEXtname\0" + rng.randbytes(rng.randrange(20_000)).hex().encode()
        chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
        (folder / f"phase_images/im{number:06}.png").write_bytes(content[:-12] + chunk + content[-12:])
    (folder / "phase_gcc_val_regions_20221101.json").write_text(json.dumps(records))


def measure(source: str, folder: Path) -> None:
    """Read a data set and print seconds and the most memory the process had."""
    began = time.perf_counter()
    reading = read_dataset(DatasetSettings(source=source), folder)
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{source}: {len(reading.people)} people in {seconds:.1f} s, at most {memory:.2f} GiB", flush=True)
    began = time.perf_counter()
    for path in reading.people["image_path"].unique():
        with Image.open(folder / path) as image:
            image.load()
    print(f"{source}: decoding all images alone takes {time.perf_counter() - began:.1f} s", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make both data sets, then read each in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--read", choices=list(SIZES), help="read this data set, which lies in the folder")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.read:
        measure(asked.read, asked.folder)
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as place:
        for source, make in (("raf_db", make_raf), ("phase", make_phase)):
            folder = Path(place) / source
            make(folder, TINY if asked.tiny else SIZES[source])
            subprocess.run([sys.executable, __file__, "--read", source, "--folder", str(folder)], check=True)


if __name__ == "__main__":
    main()
