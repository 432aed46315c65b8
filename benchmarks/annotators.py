"""The shipped classifier against the form that the shipped describer fills in, on the same portraits.

    python benchmarks/annotators.py           280 portraits, several rounds
    python benchmarks/annotators.py --tiny    14 portraits, one round

Free: the describer writes the form. Closed: it weighs the options. Each round takes the ways in turn; the shortest time
of each counts. Loading is left out. Accuracy is against the attributes that the renderer showed.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
import yaml
from PIL import Image
from projects import ROOT

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.annotation.questions import Inquiry, inquiries
from broken_telephone.annotation.run import answers_of
from broken_telephone.annotation.tables import categories_of
from broken_telephone.labels import RAF
from broken_telephone.miniature.world.language import RAF_AGES
from broken_telephone.models import make_annotator, make_describer

MODELS = ROOT / "data/06_models"
PORTRAITS = ROOT / "data/01_raw/miniature_portraits"
AGES = {f"age/{word}": age for word, age in RAF_AGES.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print pictures per second, the ratios, and the accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=280)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.pictures, asked.rounds = 14, 1
    truth = pd.read_csv(PORTRAITS / "truth/people.csv", dtype=str).head(asked.pictures)
    images = [
        Image.open(PORTRAITS / "Image/aligned" / name).convert("RGB") for name in truth["image_id"] + "_aligned.jpg"
    ]
    base = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text(encoding="utf-8"))
    describer = make_describer({**base["describer"], "path": str(MODELS / "describer")})
    source = {"path": str(MODELS / "classifier"), "dtype": "float32"}
    classifier = make_annotator({"classifier": source, "classes": {"age": AGES}}, "further_annotators.classifier")
    wanted = inquiries(AnnotationSettings(), RAF, "emotion", "", describer, describer, {}, {"classifier": classifier})
    ways = {
        "free": ("free", describer),
        "closed": ("closed", describer),
        "classifier": ("closed by classifier", classifier),
    }
    by_name = {one.name: one for one in wanted}
    taken, answers = dict.fromkeys(ways, float("inf")), {}
    for question, model in ways.values():
        model.load()
        ask(by_name[question], model, images[:2], 2)
    for _ in range(asked.rounds):
        for name, (question, model) in ways.items():
            began = time.perf_counter()
            answers[name] = ask(by_name[question], model, images, asked.batch)
            taken[name] = min(taken[name], time.perf_counter() - began)
    for name, (question, _) in ways.items():
        right = accuracies(by_name[question], answers[name], truth)
        print(f"{name}: {len(images) / taken[name]:.0f} pictures/s; right: {right}")
    print(f"classifier / free form: {taken['free'] / taken['classifier']:.1f} times as fast")
    print(f"classifier / closed form: {taken['closed'] / taken['classifier']:.1f} times as fast")


def ask(inquiry: Inquiry, model: Any, images: list[Image.Image], batch: int) -> list[dict[str, Any]]:
    """Return the records of the answers about pictures, as the journal keeps them."""
    records: list[dict[str, Any]] = []
    for start in range(0, len(images), batch):
        records += answers_of(inquiry, inquiry.task(images[start : start + batch]).do(model))
    return records


def accuracies(inquiry: Inquiry, records: list[dict[str, Any]], truth: pd.DataFrame) -> str:
    """Return the share of right answers for each attribute."""
    shown = truth.assign(age=truth["age"].map(RAF_AGES))
    given = pd.DataFrame([categories_of(inquiry, record) or {} for record in records])
    names = [name for name in ("gender", "age", "ethnicity", "emotion") if name in given]
    return ", ".join(f"{name} {(given[name].astype(object) == shown[name].to_numpy()).mean():.3f}" for name in names)


if __name__ == "__main__":
    main()
