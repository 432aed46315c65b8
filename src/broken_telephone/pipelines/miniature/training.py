"""Nodes that train the models of the miniature.

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

if TYPE_CHECKING:
    from broken_telephone.miniature.world.pictures import PictureSet

Write = Callable[[Path], None]


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
