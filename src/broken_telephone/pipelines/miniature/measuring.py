"""Nodes that measure the models of the miniature and write their cards.

The miniature is imported inside the nodes: it brings torch, diffusers and transformers along, which listing
or drawing the pipelines must not wait for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas import DataFrame as Table

from broken_telephone.models import Describer, make_describer

if TYPE_CHECKING:
    from broken_telephone.miniature.world.pictures import PictureSet
    from broken_telephone.models.describers.transformers_describer import TransformersDescriber
    from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator

Write = Callable[[Path], None]


def measure_generator_adapter(
    generator: "DiffusersGenerator",
    adapter: Path,
    judge: Path,
    world: dict[str, Any],
    shipped: dict[str, Any],
    settings: dict[str, Any],
) -> Table:
    """Draw with an adapter, let the judge read, and write the adapter's card.

    Returns:
        The shares of people beside the planted ones, and the share of pictures that show the label; see
        `checks.adapters.generator_scores`.
    """
    from broken_telephone.miniature.checks import adapters
    from broken_telephone.miniature.training.judge import load_judge
    from broken_telephone.miniature.world.people import World

    scores = adapters.generator_scores(generator, adapter, load_judge(judge), World(**world), **settings)
    adapters.write_generator_adapter_card(adapter, World(**world), World(**shipped), scores)
    return scores


def measure_describer_adapter(
    describer: "TransformersDescriber",
    adapter: Path,
    portraits: "PictureSet",
    scenes: "PictureSet",
    settings: dict[str, Any],
) -> Table:
    """Let the describer read held-out people with and without an adapter, and write the adapter's card.

    Returns:
        See `checks.adapters.describer_scores`.
    """
    from broken_telephone.miniature.checks import adapters

    scores = adapters.describer_scores(describer, adapter, portraits, scenes, **settings)
    adapters.write_describer_adapter_card(adapter, scores)
    return scores


def measure_classifier(
    folder: Path,
    judge: Path,
    generator: "DiffusersGenerator",
    portraits: "PictureSet",
    scenes: "PictureSet",
    settings: dict[str, Any],
) -> Table:
    """Measure the second annotator on held-out people and on drawn pictures, and write its card."""
    from broken_telephone.miniature.checks import classifier as checks
    from broken_telephone.miniature.training.classifier import load_classifier, score_classifier
    from broken_telephone.miniature.training.judge import load_judge

    model = load_classifier(folder)
    rendered = pd.concat([score_classifier(model, pictures) for pictures in (portraits, scenes)], ignore_index=True)
    drawn = checks.score_on_drawn(model, load_judge(judge), generator, **settings)
    checks.write_classifier_card(folder, rendered, drawn)
    return pd.concat([rendered, drawn], ignore_index=True)


def measure_readers(
    judge: Path,
    embedder: Path,
    detector: Path,
    parser: Path,
    describer: Describer,
    trained: Path,
    portraits: "PictureSet",
    scenes: "PictureSet",
) -> Table:
    """Measure everything that reads pictures, on held-out people of the even world, by groups.

    `trained` is an input only so that a new describer is measured after it was trained.
    """
    from broken_telephone.miniature.checks import readings
    from broken_telephone.miniature.training import detector as detectors
    from broken_telephone.miniature.training import embedder as embedders
    from broken_telephone.miniature.training import judge as judges
    from broken_telephone.miniature.training import parser as parsers

    tables = []
    for pictures in (portraits, scenes):
        tables += [
            readings.score_describer(describer, pictures),
            judges.score_judge(judges.load_judge(judge), pictures),
            parsers.score_parser(parsers.load_parser(parser), pictures),
            detectors.score_detector(detectors.load_detector(detector), pictures),
            embedders.score_embedder(*embedders.load_embedder(embedder), pictures),
        ]
    return pd.concat(tables, ignore_index=True)


def measure_shortcut(world: dict[str, Any], folder: Path, own: "PictureSet", even: "PictureSet") -> Table:
    """Measure whether a describer took the shortcut of its world, on held-out people of it and of the even world.

    Prints the table.
    """
    import rich
    from rich.markdown import Markdown

    from broken_telephone.miniature.checks.quality import shortcut_table
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.shortcut import score_shortcut

    planted = World(**world).shortcut
    if planted is None:
        raise ValueError(f"The world of {folder.name} has no shortcut")
    describer = make_describer({"path": str(folder), "max_new_tokens": 60})
    scores = [
        score_shortcut(describer, planted, pictures).assign(world=name)
        for name, pictures in (("shortcut", own), ("even", even))
    ]
    table = pd.concat(scores, ignore_index=True)
    table.insert(0, "world", table.pop("world"))
    rich.print(Markdown(shortcut_table(table)))
    return table


def measure_generator(
    generator: "DiffusersGenerator", trained: Path, judge: Path, world: dict[str, Any], settings: dict[str, Any]
) -> tuple[Table, Table]:
    """Draw from emotion-only and activity-only captions, at guidance 1 and at a higher one, and let the judge read.

    `trained` is an input only so that a new generator is measured after it was trained.

    Returns:
        What share shows the asked label, by groups; and the shares of people beside the planted ones.
    """
    from broken_telephone.miniature.training.judge import load_judge
    from broken_telephone.miniature.world import associations
    from broken_telephone.miniature.world.people import ACTIVITIES, EMOTIONS, World

    reader, lived_in = load_judge(judge), World(**world)
    shown, shares = [], []
    for guidance, count in ((1.0, settings["count"]), (settings["guidance"], settings["guided_count"])):
        drawer = type(generator)(generator.settings.model_copy(update={"guidance": guidance}))
        drawn = associations.draw_labels(drawer, reader, EMOTIONS + ACTIVITIES, count, settings["seed"])
        shown.append(associations.shown(drawn).assign(guidance=guidance))
        shares.append(associations.shares(drawn, lived_in).assign(guidance=guidance))
    return pd.concat(shown, ignore_index=True), pd.concat(shares, ignore_index=True)


def report_quality(readers: Table, shown: Table, shares: Table) -> str:
    """Put the quality tables on one page and print it."""
    import rich
    from rich.markdown import Markdown

    from broken_telephone.miniature.checks.quality import report

    page = report(readers, shown, shares)
    rich.print(Markdown(page))
    return page


def write_cards(readers: Table, shown: Table, shares: Table, generator: Path, **folders: Path) -> None:
    """Write the measured quality into the model cards, `README.md` in each model's folder."""
    from broken_telephone.miniature.checks.cards import write_card, write_generator_card

    for model, folder in folders.items():
        write_card(folder, model, readers[readers["model"] == model])
    write_generator_card(generator, shown, shares)
