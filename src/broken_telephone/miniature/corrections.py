"""Corrects whom the generator draws: people that it draws too rarely are shown to it more often.

A small generator does not draw everybody as often as it saw them. Trained on a world in which women and men are
even under every label but two, it drew women in 43 of 100 pictures. So some pictures are drawn after its training,
at guidance 1, the people on them are counted, and it goes on learning in a world whose shares are off by as much in
the other direction.

Those who count are classifiers of the judge's kind, from other seeds, so that the judge stays out of what it checks.
They learned from the same pictures as the judge: a leaning that all of them share would stay unseen. Pictures that
are neither quite a woman nor a man are read differently by each, so there are several.
"""

import logging
from collections.abc import Sequence

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
from broken_telephone.miniature.training import mixed_precision, set_up, to_bytes

Shares = dict[tuple[str, str], np.ndarray]
"""(label, attribute) -> shares of the categories, in the order of `people.CATEGORIES`."""

_PRIOR = 20
"""Pictures of what is wanted that are added to those found, so that no share is divided by zero."""
_BATCH = 100
"""Pictures drawn at once."""
_log = logging.getLogger(__name__)


def planted(world: World, labels: Sequence[str]) -> Shares:
    """The shares that the world states."""
    return {(label, attribute): world.shares(attribute, label) for label in labels for attribute in ATTRIBUTES}


@torch.inference_mode()
def seen(counters: Sequence[Judge], images: np.ndarray, labels: np.ndarray) -> Shares:
    """Shares of people on drawn pictures: the mean of all counters' probabilities.

    Args:
        counters: whose probabilities count alike.
        images: uint8, (n, 64, 64, 3).
        labels: (n,), what each was asked to show.

    Returns:
        Shares of every label that occurs.
    """
    parts: dict[str, list[torch.Tensor]] = {attribute: [] for attribute in ATTRIBUTES}
    for start in range(0, len(images), 256):
        pictures = to_tensor(images[start : start + 256])
        read = [counter.logits(pictures) for counter in counters]
        for attribute, found in parts.items():
            found.append(torch.stack([logits[attribute].softmax(1) for logits in read]).mean(0))
    result: Shares = {}
    for attribute, found in parts.items():
        means = pd.DataFrame(torch.cat(found).numpy()).groupby(labels).mean()
        result |= {(str(label), attribute): row.to_numpy(float) for label, row in means.iterrows()}
    return result


def corrected(found: Shares, wanted: Shares, count: int) -> Shares:
    """Shares to ask for: what is wanted, times what is wanted over what was found.

    Right if the generator multiplies the odds of every category by a factor of its own, whatever they are.

    Args:
        found: shares on pictures drawn after learning what is wanted, see `seen`.
        wanted: shares that should come out.
        count: pictures a label behind `found`. Their sampling error goes into what is asked for: of 400, two and a
            half points where two categories are even.

    Returns:
        Shares for every key of `wanted`; what is not wanted at all is not asked for.
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

    Args:
        model: the generator.
        vae: its autoencoder.
        tokenizer: of its text encoders.
        count: pictures a label.
        steps: of drawing.
        seed: of captions and noise.

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
    counters: Sequence[Judge],
    world: World,
    *,
    count: int,
    steps: int,
    samples: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    threads: int,
) -> Denoiser:
    """Draw, count and go on training, once.

    A second round was tried and made it worse: what is left after the first is hardly more than the counts err by.

    Args:
        model: the generator after its training; it changes.
        vae: its autoencoder.
        tokenizer: of its text encoders.
        portraits: what it learned from.
        scenes: likewise.
        counters: see `seen`.
        world: whose people `portraits` and `scenes` show, and the drawn pictures should.
        count: pictures drawn a label.
        steps: of drawing.
        samples: pictures seen in training.
        batch_size: pictures in a batch.
        learning_rate: the highest.
        seed: of everything random.
        threads: processor threads, 0 for torch's own choice.

    Returns:
        The model with the exponential average of its weights.
    """
    set_up(seed, threads)
    wanted = planted(world, EMOTIONS + ACTIVITIES)
    found = seen(counters, *draw(model, vae, tokenizer, count, steps, seed))
    off = np.concatenate([found[key] - goal for key, goal in wanted.items()])
    _log.info("Shares are off by %.3f (root mean square) before the correction", np.sqrt(np.mean(off**2)))
    latents, weights, people = generator.prepared(vae, portraits, scenes)
    rows = resampled(people, wanted, corrected(found, wanted, count), np.random.default_rng(seed))
    shown = people.iloc[rows].reset_index(drop=True)
    return generator.train_denoiser(
        latents[rows], weights, shown, tokenizer, samples, batch_size, learning_rate, seed, threads, start=model
    )
