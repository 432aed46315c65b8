"""The annotator against what is shown, and the closed reading's speed against the free one's, on the miniature.

    kedro run && python benchmarks/annotation.py
    kedro run --env miniature_activity && python benchmarks/annotation.py --env miniature_activity
    python benchmarks/annotation.py --rows rows.json    makes a study of 196 pictures of its own, among temporary files
    python benchmarks/annotation.py --tiny              the same with 14 pictures

What is shown in originals, their labels in the data set say; of drawn pictures the judge says it, an independent
classifier (its accuracy on rendered pictures is in its model card). Speeds are of one run: the two readings of the same
pictures in turn, several times, and the shortest time of each.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from projects import ROOT, chains_from_images, project
from rows import Row, save

from broken_telephone.miniature.training.judge import load_judge
from broken_telephone.miniature.world.language import PHASE_AGES, RAF_AGES
from broken_telephone.models import Choices


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default=None)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=Path, help="write rows for all.py here")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder, has_own = ROOT, asked.tiny or asked.rows is not None
        if asked.tiny:
            asked.batch, asked.rounds = [1, 2], 1
        if has_own:
            folder, chains = Path(place), chains_from_images(7 if asked.tiny else 98)
            settings = {"chains": chains, "loop": {"iterations": 1}, "generator": {"steps": 2 if asked.tiny else 12}}
            project(folder, settings)
        with chdir(folder):
            bootstrap_project(folder)
            if has_own:
                with KedroSession.create(folder, env=asked.env) as session:
                    session.run(pipeline_names=["loop", "annotation"])
            with KedroSession.create(folder, env=asked.env) as session:
                catalog = session.load_context().catalog
                accuracy(catalog)
                seconds = speed(catalog, asked.batch, asked.rounds)
    if asked.rows:
        save(asked.rows, rows_of(seconds))


def accuracy(catalog) -> None:
    """Share of right answers, by iteration, attribute and reading; and of invalid ones."""
    annotations, chains = catalog.load("annotations"), catalog.load("chains")
    shown = shown_in(catalog, chains)
    table = annotations.merge(shown, on=["chain_id", "iteration", "attribute"])
    table["right"] = table["category"].astype(object) == table["shown"]
    table["invalid"] = table["status"].isin(["invalid", "refused"])
    groups = table.groupby(["reading", "attribute", "iteration"], observed=True)
    print(groups["right"].mean().unstack().round(3).to_string())
    print(f"pictures by iteration: {shown[shown['attribute'] == 'gender'].groupby('iteration').size().to_dict()}")
    print(f"invalid or refused: {table.groupby('reading', observed=True)['invalid'].mean().round(4).to_dict()}\n")


def shown_in(catalog, chains: pd.DataFrame) -> pd.DataFrame:
    """Columns chain_id, iteration, attribute, shown: of originals as labelled, of drawn pictures as judged."""
    people = catalog.load("people")
    people = people[people["is_main"]]
    attributes = [name for name in ("age", "gender", "ethnicity", "skin_tone") if name in people]
    originals = chains.merge(people[["image_id", *attributes]], on="image_id")
    parts = [originals[["chain_id", *attributes]].assign(iteration=0)]
    images = catalog.load("loop_images")
    keys = [key for key in images if key.rpartition("/")[0] in set(chains["chain_id"])]
    judged = load_judge(ROOT / "data/06_models/judge")(np.stack([np.asarray(images[key]()) for key in keys]))
    ages = RAF_AGES if "ethnicity" in attributes and "skin_tone" not in attributes else PHASE_AGES
    judged["age"] = judged["age"].map(ages)
    judged["chain_id"] = [key.rpartition("/")[0] for key in keys]
    judged["iteration"] = [int(key.rpartition("/")[2]) for key in keys]
    parts.append(judged[["chain_id", "iteration", *(name for name in attributes if name in judged)]])
    whole = pd.concat(parts, ignore_index=True).astype(object)
    found = whole.melt(["chain_id", "iteration"], var_name="attribute", value_name="shown").dropna()
    return found.astype({"iteration": "Int64"})


def rows_of(seconds: dict[int, dict[str, float]]) -> list[Row]:
    """Return the rows of the table of benchmarks."""
    least, most = min(seconds), max(seconds)
    speeds = {batch: {name: batch / taken for name, taken in own.items()} for batch, own in seconds.items()}
    return [
        Row(
            f"closed reading, batches of {most}",
            speeds[most]["closed"] / speeds[most]["free"],
            "times as many images",
            "free reading of the same form",
        ),
        *(
            Row(
                f"{name} reading, batches of {most}",
                speeds[most][name] / speeds[least][name],
                "times as many images",
                f"batches of {least}",
            )
            for name in ("free", "closed")
        ),
    ]


def speed(catalog, batches: list[int], rounds: int) -> dict[int, dict[str, float]]:
    """Print pictures a second of both readings of the form, by the same model on the same pictures.

    Returns:
        Batch -> way -> seconds.
    """
    from broken_telephone.pipelines.annotation.nodes import state_inquiries

    settings = [catalog.load(f"params:{name}") for name in ("annotation", "dataset", "chains", "loop")]
    annotator, images = catalog.load("annotator"), catalog.load("loop_images")
    pictures = [images[key]() for key in list(images)[: max(batches)]]
    closed = next(
        one
        for one in state_inquiries(
            *settings, annotator, annotator, catalog.load("loop_settings"), {}, catalog.load("params:report")
        )
        if one.name == "closed"
    )
    form: Choices = closed.asked[0]
    by_batch = {}
    for batch in batches:
        some = pictures[:batch]
        ways: dict[str, Callable[[], object]] = {
            "free": lambda some=some: annotator.describe(some, form.prompt),
            "closed": lambda some=some: annotator.choose(some, [form]),
            "closed, with the label": lambda some=some: annotator.choose(some, closed.asked),
        }
        taken = {name: float("inf") for name in ways}
        for way in ways.values():
            way()
        for _ in range(rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                taken[name] = min(taken[name], time.perf_counter() - began)
        words = ", ".join(f"{name} {batch / seconds:.0f} pictures/s" for name, seconds in taken.items())
        print(f"batch {batch}: {words}; closed / free {taken['free'] / taken['closed']:.2f}")
        by_batch[batch] = taken
    return by_batch


if __name__ == "__main__":
    main()
