"""What approximations of the generator do to drift: fewer steps, step caches, numbers of 8 bits. See docs/gpu.md.

    python benchmarks/approximations.py --people 43         of each of the 7 labels
    python benchmarks/approximations.py --only step_cache   the exact drawing and settings that name it
    python benchmarks/approximations.py --tiny              one person per label, a few steps

Portraits of the miniature are described once. Each setting draws the same descriptions with the same seeds, so that
differences are paired. The miniature's judge, which the loop does not use, reads originals and drawn images. Two rows
show what is no approximation: float32 differs by rounding, and other seeds give other samples of the same model.

Passes are those of the transformer, and with a step cache those that compute its layers. They say how much arithmetic
is left, and nothing about time.
"""

import argparse
import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import yaml
from PIL import Image
from projects import ROOT
from scipy.stats import binomtest

from broken_telephone.miniature.training.judge import load_judge
from broken_telephone.models import make_describer, make_generator
from broken_telephone.models.generators import quantisation
from broken_telephone.seeds import seed_of
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import holm

PORTRAITS = ROOT / "data/01_raw/miniature_portraits"
EXACT = "exact"
ATTRIBUTES = ["gender", "age", "skin_tone"]
SETTINGS: dict[str, dict[str, Any]] = {
    EXACT: {},
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


@contextmanager
def products_on_a_cpu(wanted: bool) -> Iterator[None]:
    """Allow products of 8 bits on a CPU, which multiplies them slowly, and with the same numbers."""
    with ExitStack() as stack:
        if wanted:
            stack.enter_context(patch.object(quantisation, "_check_products", lambda device, dtype: None))
            stack.enter_context(patch("torchao.quantization.quant_api._check_hardware_support", lambda kind: None))
        yield


def draw(study: dict[str, Any], changes: dict[str, Any], texts: Sequence[str]) -> tuple[np.ndarray, float]:
    """Draw every text, and return pixels (n, height, width, 3) and the transformer's passes for a picture."""
    changes = dict(changes)
    seed = changes.pop("seed", 0)
    generator = model(study, "generator", changes)
    passes = 0

    def count(*_: Any) -> None:
        nonlocal passes
        passes += 1

    with products_on_a_cpu(changes.get("quantisation") == "fp8"):
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


def mcnemar(one: np.ndarray, other: np.ndarray) -> float:
    """Return the exact p-value of a difference of paired shares."""
    gained, lost = int(((one == 0) & (other == 1)).sum()), int(((one == 1) & (other == 0)).sum())
    return 1.0 if gained + lost == 0 else float(binomtest(gained, gained + lost).pvalue)


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

    pixels, exact, against, drifts = np.zeros(0), pd.DataFrame(), [], []
    for name in names:
        changes = SETTINGS[name] | ({"steps": 5} if few_steps else {})
        drawn, passes = draw(study, changes, texts)
        after = judge(drawn)
        table = drift(before, after, chains["label"])
        if name == EXACT:
            pixels, exact = drawn.astype(int), after
        cells = drift(exact, after, chains["label"]).query("label != '(all)'")
        both = list(zip(cells["before"], cells["after"], strict=True))
        differences = np.array([other.mean() - one.mean() for one, other in both])
        error = float(np.mean([standard_error(other - one) for one, other in both]))
        p_values = holm(np.array([mcnemar(one, other) for one, other in both]))
        read = [f"{100 * (exact[name] != after[name]).mean():.1f}" for name in [*ATTRIBUTES, "emotion"]]
        numbers = [f"{passes:.1f}", f"{np.abs(drawn - pixels).mean():.1f}", *read]
        if name == EXACT:
            against.append([name, numbers[0], *[""] * 8])
        else:
            largest = f"{np.abs(differences).max():.2f}"
            against.append([name, *numbers, largest, f"{error:.3f}", f"{p_values.min():.2f}"])
        # Of two categories, the second changes by the opposite.
        one_of_two = table.groupby("attribute")["category"].transform("nunique").eq(2)
        is_second = one_of_two & table["category"].ne(table.groupby("attribute")["category"].transform("first"))
        shown = table[(table["label"] == "(all)") & ~is_second]
        planted = [table[(table[["label", "attribute", "category"]] == list(cell)).all(axis=1)] for cell in PLANTED]
        drifts.append([name, *(change(row) for row in pd.concat([*planted, shown]).itertuples())])
        if name == EXACT:
            header = [f"{row.category}, {row.label}" for row in pd.concat([*planted, shown]).itertuples()]
            drifts.insert(0, ["setting", *(text.replace(", (all)", "") for text in header)])
        print("|", " | ".join(against[-1]), "|", flush=True)
    return against, drifts


def standard_error(differences: np.ndarray) -> float:
    """Return that of a mean over chains; NaN for a single chain."""
    return float(differences.std(ddof=1)) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")


def change(row: Any) -> str:
    """Return a drift in points with the half width of its 95 % interval."""
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
    names = [name for name in SETTINGS if name == EXACT or any(part in name for part in asked.only)]
    if importlib.util.find_spec("torchao") is None and "quantisation: fp8" in names:
        names.remove("quantisation: fp8")
        print("Left out: quantisation: fp8, because the package torchao is not installed")
    against, drifts = measure(asked.people, names, asked.tiny)
    header = ["setting", "passes", "pixels", *(f"{name.replace('_', ' ')}, %" for name in (*ATTRIBUTES, "emotion"))]
    header += ["largest change", "error", "p"]
    print(f"\nAgainst the exact drawing:\n\n{markdown([header, *against])}")
    print(f"\nDrift from the originals, in points:\n\n{markdown(drifts)}")


if __name__ == "__main__":
    main()
