"""Time and memory of the comparison of two invented studies of any size, from their tables to the page.

Run: python benchmarks/comparison.py --chains 53000
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from projects import ROOT, project

from broken_telephone.loop.manifest import fingerprint
from broken_telephone.pictures import state_of
from broken_telephone.tables import (
    ANNOTATIONS,
    CHAINS,
    DESCRIPTIONS,
    FILES,
    MENTIONS,
    PREDICTIONS,
    SIMILARITIES,
    as_table,
)

ITERATIONS, LABELS = 3, ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
ATTRIBUTES = {
    "ethnicity": ("Caucasian", "African-American", "Asian"),
    "gender": ("male", "female"),
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
}
VERSION = "2026-01-01T00.00.00.000Z"


def write_study(results: Path, study: str, count: int, seed: int) -> None:
    """Write the results of an invented study, in which women become more frequent the larger the seed is."""
    rng = np.random.default_rng(seed)
    portraits = ROOT / "data/01_raw/miniature_portraits"
    files = [path for path in sorted(portraits.rglob("*")) if path.suffix in (".png", ".jpg")]
    paths = [str(path.relative_to(portraits)) for path in files[:60]]
    number = np.arange(count)
    ids = np.array([f"person_{k:06d}_r0" for k in number])
    chains = as_table(
        pd.DataFrame(
            {
                "chain_id": ids,
                "replicate": 0,
                "start": "image",
                "image_id": [f"person_{k:06d}" for k in number],
                "image_path": [paths[k % len(paths)] for k in number],
                "image_digest": [f"{k:032x}" for k in number],
                "prompt": None,
                "concept": "emotion",
                "label": [LABELS[k % len(LABELS)] for k in number],
                "seed": number,
            }
        ),
        CHAINS,
    )
    keys = pd.DataFrame(
        {"chain_id": np.tile(ids, ITERATIONS + 1), "iteration": np.repeat(np.arange(ITERATIONS + 1), count)}
    )
    drawn = keys[keys["iteration"] > 0].reset_index(drop=True)
    names = drawn["chain_id"] + "/" + drawn["iteration"].astype(str)
    ledger = as_table(pd.DataFrame({"name": names, "size": 1, "changed": 1, "digest": names}), FILES)
    state = state_of(chains, ITERATIONS, ledger)
    primary, output, reporting = (
        results / layer / study for layer in ("03_primary", "07_model_output", "08_reporting")
    )
    for folder in (primary, output, reporting):
        folder.mkdir(parents=True)
    chains.to_parquet(primary / "chains.parquet")
    ledger.to_parquet(primary / "loop_pictures.parquet")
    texts = drawn.assign(text="A person who looks happy, with raised brows and an open mouth. " * 3, tokens=40)
    texts = texts.assign(truncated=False, describer="describer")
    as_table(texts, DESCRIPTIONS).to_parquet(primary / "loop_descriptions.parquet")
    last = texts[texts["iteration"] == ITERATIONS].assign(iteration=ITERATIONS + 1)
    as_table(last, DESCRIPTIONS).to_parquet(output / "last_descriptions.parquet")
    settings = {
        "dataset": {"source": "raf_db", "scheme": None, "concepts": None, "labels": None, "columns": {}},
        "chains": {"concept": "emotion", "seed": 1},
        "generator": {"guidance": seed},
    }
    manifest = {
        "complete": True,
        "chains": fingerprint(chains),
        "iterations": ITERATIONS,
        "counts": {"failures": 0, "descriptions": len(texts), "images": len(names)},
        "seconds": {"describe": 10.0, "draw": 100.0},
    }
    model = {"weights": "0" * 32}
    asked = {
        reading: {"by": "annotator", "reading": reading, "settings": model, "asked": [], "attributes": ATTRIBUTES}
        for reading in ("free", "closed")
    }
    write_json(primary / "loop_settings.json", settings)
    write_json(primary / "loop_manifest.json", manifest)
    write_json(versioned(output / "annotation_manifest.json"), {"asked": asked, "made_from": state})
    embedded = {"images": {"settings": model}}
    write_json(versioned(reporting / "similarity_manifest.json"), {"embedded": embedded, "made_from": state})
    answers = []
    for attribute, categories in ATTRIBUTES.items():
        first = np.random.default_rng(7).integers(0, len(categories), count)
        for k in range(ITERATIONS + 1):
            moved = rng.random(count) < 0.1 * seed * (k > 0)
            first = np.where(moved, len(categories) - 1, first)
            valid = rng.random(count) > 0.02
            one = keys[keys["iteration"] == k].assign(attribute=attribute)
            one["category"] = pd.Categorical.from_codes(np.where(valid, first, -1), list(categories))
            one["status"] = np.where(valid, "valid", "unsure")
            answers.append(one.astype({"category": object}))
    table = pd.concat(answers, ignore_index=True).assign(annotator="annotator", probability=0.9, raw="a form " * 5)
    both = pd.concat([table.assign(reading=reading) for reading in ("free", "closed")], ignore_index=True)
    save(as_table(both, ANNOTATIONS), output / "annotations.parquet")
    predictions = keys.assign(
        concept="emotion",
        label=keys["chain_id"].map(dict(zip(ids, chains["label"].astype(str), strict=True))),
        predicted="happiness",
        correct=rng.random(len(keys)) < 0.8,
        reading="text",
        model="describer",
        status="named",
        probability=None,
    )
    save(as_table(predictions, PREDICTIONS), output / "predictions.parquet")
    mentioned = texts[rng.random(len(texts)) < 0.3][["chain_id", "iteration"]]
    mentions = mentioned.assign(attribute="gender", category="female", term="woman", count=1)
    save(as_table(mentions, MENTIONS), output / "mentions.parquet")
    similarities = pd.concat(
        [
            drawn.assign(pair=pair, kind=kind, value=rng.random(len(drawn)))
            for pair in ("origin", "previous")
            for kind in ("image-image", "text-text", "image-text")
        ]
    )
    save(as_table(similarities, SIMILARITIES), reporting / "similarities.parquet")


def versioned(path: Path) -> Path:
    """Return the path of the only version of a file."""
    folder = path / VERSION
    folder.mkdir(parents=True, exist_ok=True)
    return folder / path.name


def write_json(path: Path, record: dict) -> None:
    """Write a record."""
    path.write_text(json.dumps(record), encoding="utf-8")


def save(table: pd.DataFrame, path: Path) -> None:
    """Write a table as the only version of a file."""
    table.to_parquet(versioned(path))


def main(arguments: list[str] | None = None) -> None:
    """Write two studies and compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=53_000)
    parser.add_argument("--keep", type=Path, help="an empty folder for the project, which then stays")
    parser.add_argument("--tiny", action="store_true", help="140 chains")
    options = parser.parse_args(arguments)
    count = 140 if options.tiny else options.chains
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        project(root, {})
        for seed, study in enumerate(("study_a", "study_b"), 1):
            write_study(root / "data", study, count, seed)
        (root / "conf/against").mkdir()
        (root / "conf/against/globals.yml").write_text("study: against\n", encoding="utf-8")
        arms = {"comparison": {"arms": {"a": "study_a", "b": "study_b"}}}
        (root / "conf/against/parameters.yml").write_text(yaml.safe_dump(arms), encoding="utf-8")
        began = time.monotonic()
        command = [sys.executable, "-m", "kedro", "run", "--env", "against", "--pipeline", "comparison"]
        subprocess.run(command, cwd=root, check=True)
        seconds = time.monotonic() - began
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        page = next(root.glob("data/08_reporting/against/comparison.html/*/*.html")).stat().st_size
        print(
            f"{count} chains in each of 2 studies: {seconds:.0f} s ({spent.ru_utime + spent.ru_stime:.0f} s of "
            f"processor time), {spent.ru_maxrss / 1e6:.2f} GB, page {page / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
