"""What approximations of the generator do to drift: fewer steps, step caches, numbers of 8 bits. See docs/gpu.md.

    python benchmarks/approximations.py --people 43         of each of the 7 labels
    python benchmarks/approximations.py --only step_cache   exact drawings and settings that name it
    python benchmarks/approximations.py --tiny              one person per label, a few steps

Portraits of the miniature are described once. Each setting draws the same descriptions with the same seeds, so that
differences are paired. The miniature's judge, which the loop does not use, reads originals and drawn images. Three rows
show what is no approximation: float32 and the operations of diffusers differ by rounding, and other seeds give other
samples of the same model.

The project replaces slow operations on a CPU, except with step caches and numbers of 8 bits. These settings are
therefore compared with the exact drawing by the operations of diffusers, and all others with the exact drawing.

Passes are those of the transformer, and with a step cache those that compute its layers. They say how much arithmetic
is left, and nothing about time.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import yaml
from PIL import Image
from projects import ROOT

from broken_telephone.miniature.training.judge import load_judge
from broken_telephone.models import make_describer, make_generator
from broken_telephone.models.generators import diffusers_generator
from broken_telephone.models.generators.speed import quantisation
from broken_telephone.seeds import seed_of

PORTRAITS = ROOT / "data/01_raw/miniature_portraits"
EXACT, OF_DIFFUSERS = "exact", "exact, operations of diffusers"
DTYPE = "bfloat16"
"""Of the generator, except in the row float32."""
ATTRIBUTES = ["gender", "age", "skin_tone"]
SETTINGS: dict[str, dict[str, Any]] = {
    EXACT: {},
    OF_DIFFUSERS: {},
    "float32": {"dtype": "float32"},
    "other seeds": {"seed": 1},
    "steps: 7": {"steps": 7},
    "steps: 6": {"steps": 6},
    "step_cache: {interval: 2}": {"step_cache": {"interval": 2}},
    "step_cache: {interval: 3}": {"step_cache": {"interval": 3}},
    "quantisation: fp8_stored": {"quantisation": "fp8_stored"},
    "quantisation: fp8": {"quantisation": "fp8"},
}
"""Row of the table -> what differs from the miniature's generator."""
PLANTED = (("happiness", "age", "young"), ("sadness", "gender", "female"))
DRAW_BATCH, DESCRIBE_BATCH = 16, 32


def people(count: int) -> pd.DataFrame:
    """Return so many portraits of each label: image_id, label, path."""
    (file,) = (PORTRAITS / "truth").glob("*.csv")
    table = pd.read_csv(file).rename(columns={"emotion": "label"})
    table = table.sort_values("image_id").groupby("label").head(count)
    paths = [PORTRAITS / "Image/aligned" / f"{name}_aligned.jpg" for name in table["image_id"]]
    return table[["image_id", "label"]].assign(path=paths).reset_index(drop=True)


def model(study: dict[str, Any], name: str, changes: dict[str, Any]) -> Any:
    """Return a model of the miniature, not loaded."""
    make = {"describer": make_describer, "generator": make_generator}[name]
    return make({**study[name], "path": str(ROOT / study[name]["path"]), **changes})


def reference(name: str) -> str:
    """Return the row of the table that a setting is compared with."""
    return OF_DIFFUSERS if {"step_cache", "quantisation"} & SETTINGS[name].keys() else EXACT


@contextmanager
def products_on_a_cpu(wanted: bool) -> Iterator[None]:
    """Allow products of 8 bits on a CPU."""
    with ExitStack() as stack:
        if wanted:
            stack.enter_context(patch.object(quantisation, "_check_products", lambda *_: None))
            stack.enter_context(patch("torchao.quantization.quant_api._check_hardware_support", lambda kind: None))
        yield


@contextmanager
def operations_of_diffusers(wanted: bool) -> Iterator[None]:
    """Let a generator keep its library's operations."""
    with ExitStack() as stack:
        if wanted:
            stack.enter_context(patch.object(diffusers_generator, "use_fast_operations", lambda pipeline: None))
        yield


def draw(study: dict[str, Any], name: str, few_steps: bool, texts: Sequence[str]) -> tuple[np.ndarray, float]:
    """Draw every text, and return pixels (n, height, width, 3) and the transformer's passes for an image."""
    changes = {"dtype": DTYPE, **SETTINGS[name]} | ({"steps": 5} if few_steps else {})
    seed = changes.pop("seed", 0)
    generator = model(study, "generator", changes)
    passes = 0

    def count(*_: Any) -> None:
        nonlocal passes
        passes += 1

    with products_on_a_cpu(changes.get("quantisation") == "fp8"), operations_of_diffusers(name == OF_DIFFUSERS):
        generator.load()
        generator._findings = []  # The checks of an adapter are no pictures of the study.
        transformer = generator._loaded[0].transformer
        # Replaced operations of the CPU may pass the layers of a block by. A step cache is used without them.
        counted = transformer.transformer_blocks[0].ff.net[-1] if "step_cache" in changes else transformer
        counted.register_forward_hook(count)
        images, calls = [], 0
        for start in range(0, len(texts), DRAW_BATCH):
            some = list(texts[start : start + DRAW_BATCH])
            seeds = [seed_of("approximations", seed, start + number) for number in range(len(some))]
            calls += len(generator._parts(len(some)))
            images += generator.draw(some, seeds)
        generator.release()
    return np.stack([np.asarray(image) for image in images]), passes / calls


def drift(before: pd.DataFrame, after: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Return 0 or 1 per picture before and after: label, attribute, category, before, after (arrays)."""
    rows = []
    for attribute in ATTRIBUTES:
        for category in sorted(set(before[attribute]) | set(after[attribute])):
            pair = [(table[attribute] == category).to_numpy().astype(int) for table in (before, after)]
            for label in ["(all)", *sorted(labels.unique())]:
                own = slice(None) if label == "(all)" else (labels == label).to_numpy()
                rows.append((label, attribute, category, pair[0][own], pair[1][own]))
    return pd.DataFrame(rows, columns=["label", "attribute", "category", "before", "after"])


def without_mirrored(table: pd.DataFrame) -> pd.DataFrame:
    """Leave the second of two categories out, whose share changes by the opposite of the first one's."""
    categories = table.groupby("attribute")["category"]
    is_second = categories.transform("nunique").eq(2) & table["category"].ne(categories.transform("first"))
    return table[~is_second]


def measure(count: int, names: Sequence[str], few_steps: bool) -> tuple[list[list[str]], list[list[str]]]:
    """Return the rows of both tables: settings against the exact drawing, and drifts under each setting."""
    study = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text(encoding="utf-8"))
    chains, judge = people(count), load_judge(ROOT / "data/06_models/judge")
    images = [Image.open(path).convert("RGB") for path in chains["path"]]
    before = judge(np.stack([np.asarray(image) for image in images]))
    describer, prompt = model(study, "describer", {}), study["loop"]["describe_prompt"]
    texts = []
    for start in range(0, len(images), DESCRIBE_BATCH):
        texts += [answer.text for answer in describer.describe(images[start : start + DESCRIBE_BATCH], prompt)]
    describer.release()
    print(f"{len(chains)} portraits of {chains['label'].nunique()} labels, described once, drawn once per setting")

    exact: dict[str, tuple[np.ndarray, pd.DataFrame]] = {}
    against: list[list[str]] = []
    drifts: list[list[str]] = []
    for name in names:
        drawn, passes = draw(study, name, few_steps, texts)
        after = judge(drawn)
        first = [name, f"{passes:.1f}"]
        if name != EXACT:
            pixels, read = exact[reference(name)]
            first += [f"{np.abs(drawn.astype(int) - pixels).mean():.1f}"]
            first += [
                f"{100 * (read[attribute] != after[attribute]).mean():.1f}" for attribute in (*ATTRIBUTES, "emotion")
            ]
            first += [largest_change(without_mirrored(drift(read, after, chains["label"])))]
        against.append(first + [""] * (8 - len(first)))
        if name in {EXACT, OF_DIFFUSERS}:
            exact[name] = drawn.astype(int), after
        table = drift(before, after, chains["label"])
        shown = without_mirrored(table[table["label"] == "(all)"])
        planted = [table[(table[["label", "attribute", "category"]] == list(cell)).all(axis=1)] for cell in PLANTED]
        cells = list(pd.concat([*planted, shown]).itertuples())
        drifts.append([name, *(change(row) for row in cells)])
        if name == EXACT:
            drifts.insert(0, ["setting", *(cell_name(row) for row in cells)])
        print("|", " | ".join(against[-1]), "|", flush=True)
    return against, drifts


def cell_name(row: Any) -> str:
    """Return the category of a share, and its label unless it is of all labels."""
    return str(row.category if row.label == "(all)" else f"{row.category}, {row.label}")


def largest_change(cells: pd.DataFrame) -> str:
    """Return the share that changes most, and its change in points; "none" if no share changes."""
    row: Any = max(cells.itertuples(), key=lambda row: abs((row.after - row.before).mean()))
    return f"{cell_name(row)}: {change(row)}" if (row.after != row.before).any() else "none"


def standard_error(differences: np.ndarray) -> float:
    """Return that of a mean over chains; NaN for a single chain."""
    return float(differences.std(ddof=1)) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")


def change(row: Any) -> str:
    """Return a change of a share in points, with the half width of its 95 % interval."""
    difference = row.after - row.before
    return f"{100 * difference.mean():+.0f} ± {196 * standard_error(difference):.0f}".replace("-", "\N{MINUS SIGN}")


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table, whose first row is the header."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw with every setting, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=43, help="of each label")
    parser.add_argument("--only", nargs="+", default=[""], help="parts of the names of settings")
    parser.add_argument("--tiny", action="store_true", help="one person per label, 5 steps, one setting")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.people, asked.only = 1, ["interval: 2"]
    wanted = [name for name in SETTINGS if any(part in name for part in asked.only)]
    needed = {EXACT, *wanted, *map(reference, wanted)}
    names = [name for name in SETTINGS if name in needed]
    if find_spec("torchao") is None and "quantisation: fp8" in names:
        names.remove("quantisation: fp8")
        print("Left out: quantisation: fp8, because the package torchao is not installed")
    print(f"Generator at {DTYPE}, except in the row float32")
    against, drifts = measure(asked.people, names, asked.tiny)
    header = ["setting", "passes", "pixels", *(f"{name.replace('_', ' ')}, %" for name in (*ATTRIBUTES, "emotion"))]
    header += ["largest change, points"]
    print("\nAgainst the exact drawing, by the operations of diffusers for step caches and numbers of 8 bits:")
    print(f"\n{markdown([header, *against])}")
    print(f"\nDrift from the originals, in points:\n\n{markdown(drifts)}")


if __name__ == "__main__":
    main()
