"""Corrects whom the generator draws: people that it draws too rarely are shown to it more often.

A small generator does not draw everybody as often as it saw them. Trained on a world in which women and men are
even under every label but two, it drew women in four pictures of ten. So some pictures are drawn after training, the
people on them are counted, and training goes on, in a world whose shares are off by as much in the other direction.

Who is on a drawn picture is read by classifiers that serve nothing else. They are of the judge's kind, from other
seeds: pictures that are neither quite a woman nor a man are read differently by each, and the judge stays out of
what it checks.
"""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from diffusers import AutoencoderKL
from rich.progress import track
from transformers import CLIPTokenizer

from broken_telephone.miniature import generator
from broken_telephone.miniature.associations import ATTRIBUTES, captions
from broken_telephone.miniature.denoiser import Denoiser, as_pipeline
from broken_telephone.miniature.fitting import to_tensor
from broken_telephone.miniature.judge import Judge
from broken_telephone.miniature.people import ACTIVITIES, CATEGORIES, EMOTIONS, World
from broken_telephone.miniature.pictures import PictureSet
from broken_telephone.miniature.training import mixed_precision, to_bytes

Shares = dict[tuple[str, str], np.ndarray]
"""(label, attribute) -> shares of the categories, in the order of `people.CATEGORIES`."""

_PRIOR = 20
_BATCH = 100
_log = logging.getLogger(__name__)


def planted(world: World, labels: Sequence[str]) -> Shares:
    """The shares that the world states."""
    return {(label, attribute): world.shares(attribute, label) for label in labels for attribute in ATTRIBUTES}


@torch.inference_mode()
def seen(readers: Sequence[Judge], images: np.ndarray, labels: np.ndarray) -> Shares:
    """Shares of people on drawn pictures: the mean of all readers' probabilities.

    Args:
        readers: whose probabilities count alike.
        images: uint8, (n, 64, 64, 3).
        labels: (n,), what each was asked to show.
    """
    parts: dict[str, list[torch.Tensor]] = {attribute: [] for attribute in ATTRIBUTES}
    for start in range(0, len(images), 256):
        pictures = to_tensor(images[start : start + 256])
        read = [reader.logits(pictures) for reader in readers]
        for attribute, found in parts.items():
            found.append(torch.stack([logits[attribute].softmax(1) for logits in read]).mean(0))
    result: Shares = {}
    for attribute, found in parts.items():
        means = pd.DataFrame(torch.cat(found).numpy()).groupby(labels).mean()
        result |= {(str(label), attribute): row.to_numpy(float) for label, row in means.iterrows()}
    return result


def corrected(found: Shares, wanted: Shares, count: int) -> Shares:
    """Shares to ask for: what is wanted, times what is wanted over what was found.

    Args:
        found: shares on pictures drawn after learning what is wanted, see `seen`.
        wanted: shares that should come out.
        count: pictures a label behind `found`; they count beside as if _PRIOR more had shown what is wanted, so that
            a category that none of a few pictures shows is not asked for without end.
    """
    result = {}
    for key, goal in wanted.items():
        smoothed = (count * found[key] + _PRIOR * goal) / (count + _PRIOR)
        shares = np.divide(goal**2, smoothed, out=np.zeros_like(goal), where=goal > 0)
        result[key] = shares / shares.sum()
    return result


def resampled(people: pd.DataFrame, world: Shares, asked: Shares, rng: np.random.Generator) -> np.ndarray:
    """Rows of a set of pictures, drawn with replacement so that they show the asked shares.

    Gender, age and skin tone are independent within a label, in the world and here. Labels stay as frequent as they
    are.

    Args:
        people: n rows, see `PictureSet.people`.
        world: the shares by which they were drawn.
        asked: the shares to show.
        rng: which rows.

    Returns:
        int64, (n,), sorted.
    """
    labels = np.where(people["kind"] == "portraits", people["emotion"], people["activity"])
    weights = np.ones(len(people))
    for (label, attribute), shares in asked.items():
        rows = labels == label
        given = world[label, attribute]
        ratio = np.divide(shares, given, out=np.zeros_like(shares), where=given > 0)
        weights[rows] *= ratio[pd.Categorical(people.loc[rows, attribute], CATEGORIES[attribute]).codes]
    weights /= pd.Series(weights).groupby(labels).transform("mean").to_numpy()
    return np.sort(rng.choice(len(people), len(people), p=weights / weights.sum()))


@torch.inference_mode()
def draw(
    model: Denoiser, vae: AutoencoderKL, tokenizer: CLIPTokenizer, count: int, steps: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw `count` pictures a label at guidance 1, from captions that name nothing but the label.

    Returns:
        uint8, (n, 64, 64, 3), and the label of each.
    """
    pipeline = as_pipeline(model, vae, tokenizer)
    random = torch.Generator().manual_seed(seed)
    labels = EMOTIONS + ACTIVITIES
    parts = []
    for number, label in enumerate(track(labels, "Drawing people to count")):
        texts = list(captions(label, count, seed + number))
        for start in range(0, count, _BATCH):
            with mixed_precision():
                drawn = pipeline(
                    texts[start : start + _BATCH],
                    guidance_scale=1.0,
                    num_inference_steps=steps,
                    height=64,
                    width=64,
                    max_sequence_length=0,
                    generator=random,
                    output_type="pt",
                ).images
            parts.append(to_bytes(drawn * 2 - 1))
    return np.concatenate(parts), np.repeat(labels, count)


def correct_denoiser(
    model: Denoiser,
    vae: AutoencoderKL,
    tokenizer: CLIPTokenizer,
    portraits: PictureSet,
    scenes: PictureSet,
    readers: Sequence[Judge],
    world: World,
    *,
    count: int,
    steps: int,
    seed: int,
    **schedule: Any,
) -> Denoiser:
    """Draw, count and go on training, once: a second time brought more noise than it took away error.

    Args:
        model: the generator after its training; it changes.
        vae: its autoencoder.
        tokenizer: of its text encoders.
        portraits: what it learned from.
        scenes: likewise.
        readers: see `seen`.
        world: whose people `portraits` and `scenes` show, and the drawn pictures should.
        count: pictures drawn a label.
        steps: of drawing.
        seed: of everything random.
        schedule: of the training, see `generator.train_denoiser`.
    """
    wanted = planted(world, EMOTIONS + ACTIVITIES)
    found = seen(readers, *draw(model, vae, tokenizer, count, steps, seed))
    off = np.concatenate([found[key] - goal for key, goal in wanted.items()])
    _log.info("Shares are off by %.3f (root mean square) before the correction", np.sqrt(np.mean(off**2)))
    latents, weights, people = generator.prepared(vae, portraits, scenes)
    rows = resampled(people, wanted, corrected(found, wanted, count), np.random.default_rng(seed))
    shown = people.iloc[rows].reset_index(drop=True)
    return generator.train_denoiser(latents[rows], weights, shown, tokenizer, seed=seed, start=model, **schedule)
