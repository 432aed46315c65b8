"""What it takes to explain words: faces, regions, maps, hiding and the checks, on the miniature's portraits.

    python benchmarks/explainability.py           50, 100 and 200 pictures, one study after the other, in this process
    python benchmarks/explainability.py --tiny    14 pictures

Half of the pictures are originals, half are drawn from them. All words of all pictures are explained and checked.
Measured is the pipeline up to its tables, with what it saves; loop and annotation run before. The floor is the time of
the describer's own passes: one batch whose inputs are ready is read, with and without gradients, and multiplied by the
number of batches.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from large_pictures import costs
from projects import chains_from_images, project
from rows import Row, save

from broken_telephone.models import Word
from broken_telephone.models.attribution.class_activation import kept
from broken_telephone.models.attribution.vision_tower import Tower
from broken_telephone.models.describers import word_explainer

LARGE, SMALL = 4000, 64
"""Sides of originals whose explanations are compared."""


class Cost(NamedTuple):
    """What explaining took."""

    pictures: int
    words: int
    seconds: float
    floor: float
    """Seconds of the describer's own passes."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--rows", type=Path, help="write rows for all.py here: of 200 pictures, and of large originals")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.rows:
        asked.pictures = [200]
    if asked.tiny:
        asked.pictures = [14]
    for pictures in asked.pictures:
        with tempfile.TemporaryDirectory() as place, chdir(place):
            cost = explain(Path(place), pictures // 2)
        print(
            f"{cost.pictures} pictures, {cost.words} words: {cost.seconds:.1f} s; "
            f"{1000 * cost.seconds / cost.words:.0f} ms a map with its checks; "
            f"{cost.seconds / cost.floor:.2f} times the describer's own passes",
            flush=True,
        )
    if asked.rows:
        save(asked.rows, rows_of(cost, LARGE // 20 if asked.tiny else LARGE))


def rows_of(cost: Cost, large: int) -> list[Row]:
    """Return the rows of the table of benchmarks."""
    seconds = [costs("explain", 2, side)["seconds"] for side in (large, SMALL)]
    return [
        Row(
            f"{cost.words} maps with all checks, {cost.seconds:.0f} s",
            cost.seconds / cost.floor,
            "times",
            "the describer's own passes, inputs ready",
        ),
        Row(
            f"maps with all checks, originals of {large:,} x {large:,} pixels",
            seconds[0] / seconds[1],
            "times",
            f"originals of {SMALL} x {SMALL}",
        ),
    ]


def explain(folder: Path, chains: int) -> Cost:
    """Explain a study of so many chains from images, or a few more."""
    settings = {
        "chains": chains_from_images(chains),
        "loop": {"iterations": 1},
        "generator": {"steps": 6},
        "annotation": {"readings": ["free"]},
        "explain": {"chains_per_label": chains, "checked": 2 * chains},
        "report": {"n_bootstrap": 200},
    }
    project(folder, settings)
    bootstrap_project(folder)
    _run(folder, ["loop", "annotation"])
    began = time.perf_counter()
    _run(folder, ["explainability"], to_nodes=["explainability.tabulate_explanation"])
    seconds = time.perf_counter() - began
    with KedroSession.create(folder) as session:
        catalog = session.load_context().catalog
        record = catalog.load("explanation_manifest")
        floor = floor_of(catalog)
    return Cost(record["pictures"], record["explained"]["words"], seconds, floor)


def floor_of(catalog: Any) -> float:
    """Return the seconds of the describer's passes that a finished explanation consists of."""
    settings, loop = catalog.load("params:explain"), catalog.load("params:loop")
    describer, images = catalog.load("describer"), catalog.load("loop_images")
    journal = catalog.load("explanations")
    records = [journal[key]() for key in journal if not key.startswith("sight/")]
    # Records of random weights hold maps only.
    hidden = sum(
        int(np.isfinite(record[name]).sum())
        for record in records
        for name in ("hidden", "hidden_elsewhere", "deletion", "insertion", "deletion_chance", "insertion_chance")
        if name in record
    )
    explained = sum(len(record["names"]) for record in records)
    text = catalog.load("loop_descriptions")["text"].astype(str)
    typical = text.iloc[int(text.str.len().argsort().iloc[len(text) // 2])]
    words = [Word(typical, 0, len(typical.split()[0]))] * settings.batch
    pictures = ([images[key]() for key in list(images)] * settings.batch)[: settings.batch]
    describer.load()
    parts = describer._prepared(pictures, loop.describe_prompt, words)

    def weigh() -> None:
        describer._passed(parts, word_explainer._weighed)

    def explain_words() -> None:
        def gradients(model: Any, group: Any) -> list[float]:
            with torch.enable_grad(), kept(Tower(model, describer.name), settings.layers) as states:
                _, log_probabilities = word_explainer._word_sums(model, group)
                torch.autograd.grad(log_probabilities.sum(), states)
            return log_probabilities.tolist()

        describer._passed(parts, gradients)

    return (hidden * _shortest(weigh) + explained * _shortest(explain_words)) / settings.batch


def _shortest(function: Callable[[], None], times: int = 7) -> float:
    """Return the seconds of a call, the shortest of several."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        function()
        taken.append(time.perf_counter() - began)
    return min(taken)


def _run(folder: Path, pipelines: list[str], **nodes: Any) -> None:
    with KedroSession.create(folder) as session:
        session.run(pipeline_names=pipelines, **nodes)


if __name__ == "__main__":
    main()
