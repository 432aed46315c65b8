"""Measures mitigation arms on the miniature: drift left, success kept, new drift. See docs/mitigation.md.

    python benchmarks/mitigation.py /tmp/mitigation

Each arm is the miniature study with one iteration, guidance 3, 15 people of the test split per label, and no prompts:
`kedro run --pipeline loop`.
The miniature's judge, which the loop does not use, reads originals and drawn images. All arms have the same chains
and seeds, so changes are paired. A stopped run goes on where it was; arms that are finished are only read.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from projects import ROOT, project

from broken_telephone.miniature.training.judge import load_judge

KEEP = {"describe_prompt": "Describe the person in the picture."}
NEUTRAL = {"neutralise": ["gender", "age"]}
# What the miniature's generator learned to read: skin, then hair. A real model needs neither.
WORDS = {
    "template": "{Person}. {text}",
    "words": {"ethnicity": {"Caucasian": "", "African-American": "", "Asian": ""}},
    "details": {
        "ethnicity": {"Caucasian": "light skin", "African-American": "dark skin", "Asian": "light skin"},
        "gender": {"female": "long brown hair", "male": "short brown hair"},
    },
}
ATTRIBUTES = ["ethnicity", "gender", "age"]
ARMS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "describe the person": KEEP,
    "describe the person, neutralised": {**KEEP, **NEUTRAL},
    "neutralised": NEUTRAL,
    "anchor": {"steer": {"anchor": ATTRIBUTES, **WORDS}},
    "balance": {"steer": {"balance": ATTRIBUTES, **WORDS}},
    "anchor, plain words": {"steer": {"anchor": ["gender", "age"]}},
}
PLANTED = (("happiness", "age", "young"), ("sadness", "gender", "female"))


def run(folder: Path, arm: str, count: int) -> Path:
    """Run an arm as far as it is not done, and return its project."""
    path = folder / arm.replace(", ", "_").replace(" ", "_")
    if not path.exists():
        path.mkdir(parents=True)
        chains = {"splits": ["test"], "count": count, "prompts": []}
        loop = {"iterations": 1, "draw_batch": 30, **ARMS[arm]}
        project(path, {"chains": chains, "loop": loop, "generator": {"guidance": 3.0}})
    command = [sys.executable, "-m", "kedro", "run", "--pipeline", "loop"]
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    with (path / "run.log").open("a") as log:
        subprocess.run(command, check=True, cwd=path, env=environment, stdout=log, stderr=log)
    return path


def read(path: Path, judge: Any) -> pd.DataFrame:
    """Return what the judge reads: chain_id, label, iteration, emotion, age, gender, skin_tone."""
    primary = path / "data/03_primary/miniature"
    chains = pd.read_parquet(primary / "chains.parquet")
    files = {
        0: [ROOT / "data/01_raw/miniature_portraits" / name for name in chains["image_path"]],
        1: [primary / "loop_images" / name / "1.png" for name in chains["chain_id"]],
    }
    parts = []
    for iteration, images in files.items():
        pixels = np.stack([np.asarray(Image.open(image).convert("RGB")) for image in images])
        answers = judge(pixels).assign(iteration=iteration)
        parts.append(answers.assign(chain_id=chains["chain_id"].to_list(), label=chains["label"].astype(str).to_list()))
    return pd.concat(parts, ignore_index=True)


def mean(values: np.ndarray) -> str:
    """Return the mean in points, with the half width of its 95 % interval over chains."""
    return f"{100 * values.mean():+.0f} ± {196 * values.std(ddof=1) / len(values) ** 0.5:.0f}"


def changes(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the change of every share by label, and over all labels: label, attribute, category, change, z."""
    rows = []
    for attribute in ("gender", "age", "skin_tone"):
        wide = answers.pivot(index=["chain_id", "label"], columns="iteration", values=attribute)
        labels = wide.index.get_level_values("label")
        for category in sorted(answers[attribute].unique()):
            difference = ((wide[1] == category).astype(int) - (wide[0] == category)).to_numpy()
            for label in ["(all)", *sorted(set(labels))]:
                own = difference if label == "(all)" else difference[labels == label]
                error = max(own.std(ddof=1) / len(own) ** 0.5, 1e-9)
                rows.append((label, attribute, category, own.mean(), own.mean() / error, mean(own)))
    return pd.DataFrame(rows, columns=["label", "attribute", "category", "change", "z", "text"])


def measure(folder: Path, names: list[str], count: int) -> None:
    """Run the arms, and print what each changes."""
    judge = load_judge(ROOT / "data/06_models/judge")
    baseline: pd.DataFrame | None = None
    for arm in names:
        path = run(folder, arm, count)
        answers = read(path, judge)
        texts = pd.read_parquet(path / "data/03_primary/miniature/loop_descriptions.parquet")
        drawn = answers[answers["iteration"] == 1].set_index("chain_id")
        table = changes(answers)
        baseline = drawn if baseline is None else baseline
        kept = (drawn["emotion"] == drawn["label"]).astype(int)
        before = (baseline["emotion"] == baseline["label"]).astype(int).reindex(kept.index)
        print(f"\n{arm}: {texts['drawn_text'].notna().sum()} of {len(texts)} texts reworded, for example")
        print("   ", texts["text"].iloc[0], "->", texts["drawn_text"].fillna("(the same)").iloc[0])
        for label, attribute, category in PLANTED:
            row = table[(table.label == label) & (table.attribute == attribute) & (table.category == category)].iloc[0]
            print(f"    planted: {category}, given {label}: {row.text}")
        print(f"    success: {kept.mean():.1%}; against the baseline {mean((kept - before).to_numpy())}")
        planted = [tuple(row) in PLANTED for row in table[["label", "attribute", "category"]].to_numpy()]
        everywhere = table[(table["label"] == "(all)") & ~np.array(planted)]
        rest = everywhere.reindex(everywhere["change"].abs().sort_values(ascending=False).index).head(4)
        print("    all labels:", "; ".join(f"{row.category} {row.text}" for row in rest.itertuples()), flush=True)
        single = table[(table["label"] != "(all)") & ~np.array(planted)]
        print(f"    mean absolute change, other cells: {100 * single['change'].abs().mean():.1f} points", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="where the arms are kept; default: a temporary folder")
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS), help="the first is the baseline")
    parser.add_argument("--count", type=int, default=15, help="people per label")
    parser.add_argument("--tiny", action="store_true", help="two arms, two people per label")
    options = parser.parse_args(arguments)
    arms, count = (["baseline", "neutralised"], 2) if options.tiny else (options.arms, options.count)
    with tempfile.TemporaryDirectory() as temporary:
        measure(options.folder or Path(temporary), arms, count)


if __name__ == "__main__":
    main()
