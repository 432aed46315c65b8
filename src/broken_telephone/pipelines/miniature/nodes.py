"""Nodes of the miniature pipeline.

The miniature is imported inside the nodes: it brings torch, diffusers and transformers along, which listing
or drawing the pipelines must not wait for.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas import DataFrame as Table

from broken_telephone.models import Describer, make_describer
from broken_telephone.progress import track

if TYPE_CHECKING:
    from broken_telephone.miniature.world.pictures import PictureSet
    from broken_telephone.models.describers.transformers_describer import TransformersDescriber
    from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator

Write = Callable[[Path], None]


def render(
    world: dict[str, Any], portraits: int, scenes: int, seed: int, workers: int, twins: bool = False
) -> tuple["PictureSet", "PictureSet"]:
    """Render portraits and scenes of a world, as many of each as the numbers say, or as many pairs of twins."""
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.pictures import render_set

    lived_in = World(**world)
    first = render_set("portraits", lived_in, portraits, seed, workers, twins=twins)
    return first, render_set("scenes", lived_in, scenes, seed, workers, twins=twins)


def render_twins(
    world: dict[str, Any], portraits: int, scenes: int, seed: int, workers: int
) -> tuple["PictureSet", "PictureSet"]:
    """Render so many pairs of portraits and of scenes, alike but for the main person's gender."""
    return render(world, portraits, scenes, seed, workers, twins=True)


def render_portraits(world: dict[str, Any], count: int, seed: int, workers: int) -> "PictureSet":
    """Render portraits of a world."""
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.pictures import render_set

    return render_set("portraits", World(**world), count, seed, workers)


def write_raw_data(world: dict[str, Any], settings: dict[str, Any]) -> tuple[Write, Write]:
    """Write the two raw data sets: portraits in RAF-DB's layout, scenes in PHASE's."""
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.raw_portraits import write_portraits
    from broken_telephone.miniature.world.raw_scenes import write_scenes

    lived_in = World(**world)
    return (
        partial(write_portraits, world=lived_in, **settings["portraits"]),
        partial(write_scenes, world=lived_in, **settings["scenes"]),
    )


def write_counterfactuals(world: dict[str, Any], settings: dict[str, Any], exchanges: dict[str, list[str]]) -> Write:
    """Write both raw data sets once for each category, with all main persons shown with that category.

    Args:
        world: of the raw data sets.
        settings: of the raw data sets.
        exchanges: attribute -> categories. The folders are `portraits_<category>` and `scenes_<category>`.
    """
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.raw_data import Exchange
    from broken_telephone.miniature.world.raw_portraits import write_portraits
    from broken_telephone.miniature.world.raw_scenes import write_scenes

    lived_in = World(**world)
    wanted = [Exchange(attribute, category) for attribute, categories in exchanges.items() for category in categories]

    def write(folder: Path) -> None:
        for exchange in track(wanted, "Writing counterfactuals", len(wanted)):
            for name, write_one in (("portraits", write_portraits), ("scenes", write_scenes)):
                write_one(folder / f"{name}_{exchange.category}", lived_in, exchange=exchange, **settings[name])

    return write


def train_autoencoder(portraits: "PictureSet", scenes: "PictureSet", settings: dict[str, Any]) -> Write:
    """Train the generator's autoencoder on the even world."""
    from broken_telephone.miniature.training import autoencoder

    images = np.concatenate([portraits.images, scenes.images])
    regions = np.concatenate([portraits.regions, scenes.regions])
    return autoencoder.train_autoencoder(images, regions, **settings).save_pretrained


def train_generator(folder: Path, portraits: "PictureSet", scenes: "PictureSet", settings: dict[str, Any]) -> Write:
    """Train the generator on the world with planted associations."""
    from broken_telephone.miniature.training import autoencoder, denoiser, generator, tokenizers

    schedule = generator.DenoiserSchedule(**settings)
    vae = autoencoder.load_autoencoder(folder)
    tokenizer = tokenizers.train_clip_tokenizer(denoiser.TOKENS)
    latents, weights, people = generator.prepared(vae, portraits, scenes)
    model = generator.train_denoiser(latents, weights, people, tokenizer, schedule)
    return partial(denoiser.save_generator, model, vae, tokenizer)


def correct_generator(
    trained: Path,
    counters: Path,
    portraits: "PictureSet",
    scenes: "PictureSet",
    world: dict[str, Any],
    settings: dict[str, Any],
) -> tuple[Write, Table]:
    """Go on training the generator where the people that it draws too rarely are more frequent.

    The table tells what the counters found; see `corrections.correct_denoiser`.
    """
    from broken_telephone.miniature.training import autoencoder, corrections, denoiser, generator, judge
    from broken_telephone.miniature.world.people import World

    vae = autoencoder.load_autoencoder(trained / "vae")
    model, tokenizer = denoiser.load_denoiser(trained)
    reader = judge.load_judge(counters)
    own = {name: settings[name] for name in ("counts", "steps")}
    schedule = generator.DenoiserSchedule(**{name: value for name, value in settings.items() if name not in own})
    model, found = corrections.correct_denoiser(
        model, vae, tokenizer, portraits, scenes, reader, World(**world), schedule, **own
    )
    return partial(denoiser.save_again, model, trained), found


def train_describer(folder: Path, portraits: "PictureSet", scenes: "PictureSet", settings: dict[str, Any]) -> Write:
    """Train the describer on the even world, on `pictures` of each kind, half of them through the autoencoder."""
    from broken_telephone.miniature.training import autoencoder, describer, tokenizers

    count = settings["pictures"]
    vae = autoencoder.load_autoencoder(folder)
    images = np.concatenate([describer.half_drawn(vae, kind.images[:count]) for kind in (portraits, scenes)])
    people = pd.concat([portraits.people[:count], scenes.people[:count]], ignore_index=True)
    tokenizer = tokenizers.train_chat_tokenizer()
    rest = {name: value for name, value in settings.items() if name != "pictures"}
    model = describer.train_describer(images, people, tokenizer, **rest)
    return partial(describer.save_describer, model, describer.new_processor(tokenizer))


def train_shortcut(generator: Path, describer: Path, portraits: "PictureSet", settings: dict[str, Any]) -> Write:
    """Go on training the describer in a world with a shortcut, half of it through the generator's autoencoder."""
    from broken_telephone.miniature.training import autoencoder
    from broken_telephone.miniature.training.describer import half_drawn, save_describer
    from broken_telephone.miniature.world import shortcut

    images = half_drawn(autoencoder.load_autoencoder(generator / "vae"), portraits.images)
    return partial(save_describer, *shortcut.train_shortcut(describer, images, portraits.people, **settings))


def train_generator_adapter(
    folder: Path,
    portraits: "PictureSet",
    scenes: "PictureSet",
    world: dict[str, Any],
    shipped: dict[str, Any],
    settings: dict[str, Any],
) -> Write:
    """Train a LoRA adapter of the generator for a world, from even pictures drawn with the shares of that world."""
    from broken_telephone.miniature.training import generator_adapter
    from broken_telephone.miniature.world.people import World

    schedule = generator_adapter.AdapterSchedule(**settings)
    model = generator_adapter.train_generator_adapter(
        folder, portraits, scenes, World(**world), World(**shipped), schedule
    )
    return partial(generator_adapter.save_generator_adapter, model)


def train_describer_adapter(
    generator: Path,
    describer: Path,
    portraits: "PictureSet",
    scenes: "PictureSet",
    behaviour: dict[str, Any],
    settings: dict[str, Any],
) -> Write:
    """Train a LoRA adapter of the describer on `pictures` of each kind, half of them through the autoencoder."""
    from broken_telephone.miniature.training import autoencoder, describer_adapter
    from broken_telephone.miniature.training.describer import half_drawn

    count = behaviour["pictures"]
    vae = autoencoder.load_autoencoder(generator / "vae")
    images = np.concatenate([half_drawn(vae, kind.images[:count]) for kind in (portraits, scenes)])
    people = pd.concat([portraits.people[:count], scenes.people[:count]], ignore_index=True)
    rest = {name: value for name, value in behaviour.items() if name != "pictures"}
    model = describer_adapter.train_describer_adapter(describer, images, people, **rest, **settings)
    return partial(describer_adapter.save_describer_adapter, model)


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


def train_embedder(portraits: "PictureSet", scenes: "PictureSet", settings: dict[str, Any]) -> Write:
    """Train the embedder on the even world."""
    from broken_telephone.miniature.training import embedder
    from broken_telephone.miniature.training.fitting import Schedule

    return partial(embedder.save_embedder, *embedder.train_embedder(portraits, scenes, Schedule(**settings)))


def train_detector(portraits: "PictureSet", scenes: "PictureSet", settings: dict[str, Any]) -> Write:
    """Train the face detector on the even world."""
    from broken_telephone.miniature.training import detector
    from broken_telephone.miniature.training.fitting import Schedule

    return partial(detector.save_detector, detector.train_detector(portraits, scenes, Schedule(**settings)))


def train_parser(portraits: "PictureSet", scenes: "PictureSet", settings: dict[str, Any]) -> Write:
    """Train the region parser on the even world."""
    from broken_telephone.miniature.training import parser
    from broken_telephone.miniature.training.fitting import Schedule

    return partial(parser.save_parser, parser.train_parser(portraits, scenes, Schedule(**settings)))


def train_judge(
    portraits: "PictureSet",
    scenes: "PictureSet",
    twin_portraits: "PictureSet",
    twin_scenes: "PictureSet",
    settings: dict[str, Any],
) -> Write:
    """Train a judge on the even world."""
    from broken_telephone.miniature.training import judge
    from broken_telephone.miniature.training.fitting import Schedule

    schedule = Schedule(**{name: value for name, value in settings.items() if name != "members"})
    twins = (twin_portraits, twin_scenes)
    return partial(judge.save_judge, judge.train_judge(portraits, scenes, twins, schedule, settings["members"]))


def train_classifier(
    portraits: "PictureSet",
    scenes: "PictureSet",
    twin_portraits: "PictureSet",
    twin_scenes: "PictureSet",
    settings: dict[str, Any],
) -> Write:
    """Train the second annotator on the even world."""
    from broken_telephone.miniature.training import classifier
    from broken_telephone.miniature.training.fitting import Schedule

    twins = (twin_portraits, twin_scenes)
    model = classifier.train_classifier(portraits, scenes, twins, Schedule(**settings))
    return partial(classifier.save_classifier, model)


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
