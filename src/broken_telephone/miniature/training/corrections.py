"""Corrects the generator's shares of people: training shows it underrepresented people more often.

A small generator does not draw everybody as often as it saw them: women too rarely, above all. So some pictures are
drawn after its training, at guidance 1, the people on them are counted, and it goes on learning in a world whose
shares are off by as much in the other direction; and so again, where they are off by more than chance. Only what reads
captions learns there: whom they stand for has to change, not how anybody is drawn.

Those who count are a judge of other networks, from other seeds, so that the judge stays out of what it checks. They
learned from the same pictures as the judge, and to read people between a woman and a man as it does (`between`): a
leaning that all of them share would stay unseen.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from broken_telephone.miniature.training import generator
from broken_telephone.miniature.training.denoiser import Denoiser, as_pipeline
from broken_telephone.miniature.training.judge import Judge
from broken_telephone.miniature.training.optimisation import mixed_precision, set_up, to_bytes
from broken_telephone.miniature.world.associations import ATTRIBUTES, captions
from broken_telephone.miniature.world.people import ACTIVITIES, CATEGORIES, EMOTIONS, World
from broken_telephone.miniature.world.pictures import PictureSet
from broken_telephone.progress import track

Shares = dict[tuple[str, str], np.ndarray]
"""(label, attribute) -> shares of the categories, in the order of `people.CATEGORIES`."""

_PRIOR = 20
"""Pictures of what is wanted that are added to those found."""
_SEEDS = 100
"""Difference between the seeds of two rounds. It exceeds the number of labels, which use one seed each."""
_BATCH = 100
"""Pictures drawn at once."""
_log = logging.getLogger(__name__)


def planted(world: World, labels: Sequence[str]) -> Shares:
    """Return the planted shares of the world."""
    return {(label, attribute): world.shares(attribute, label) for label in labels for attribute in ATTRIBUTES}


def shares_of(people: pd.DataFrame, labels: np.ndarray | pd.Series) -> Shares:
    """Return the shares of people in a table.

    Args:
        people: n rows with a column for each of gender, age and skin_tone.
        labels: (n,).

    Returns:
        Shares of every label that occurs.
    """
    result: Shares = {}
    for attribute in ATTRIBUTES:
        table = pd.crosstab(np.asarray(labels), people[attribute].to_numpy(), normalize="index")
        table = table.reindex(columns=CATEGORIES[attribute], fill_value=0.0)
        result |= {(str(label), attribute): row.to_numpy(float) for label, row in table.iterrows()}
    return result


def corrected(asked: Shares, measured: Shares, wanted: Shares, count: int) -> Shares:
    """Return the next shares to request: the last request times wanted over estimated shares.

    Right if the generator multiplies the odds of every category by a factor of its own, whatever they are, and follows
    fully what it is asked for.

    Args:
        asked: shares that it learned.
        measured: shares on pictures drawn after that, see `draw`.
        wanted: shares that should come out.
        count: pictures per label behind `measured`.

    Returns:
        Shares for every key of `wanted`; what is not wanted at all is not asked for.
    """
    drawn = believed(measured, wanted, count)
    result = {}
    for key, goal in wanted.items():
        shares = asked[key] * np.divide(goal, drawn[key], out=np.zeros_like(goal), where=goal > 0)
        result[key] = shares / shares.sum()
    return result


def believed(measured: Shares, wanted: Shares, count: int) -> Shares:
    """Estimate the drawn shares from counts, with shrinkage towards the wanted shares.

    By how much the odds of a category are off in portraits, or in scenes, on average is believed as it was counted. By
    how much a label differs from that is shrunk, for all alike, by the part of such differences that sampling error
    explains (in the manner of Efron and Morris 1975, with moments in place of their k - 3), but for none by more than
    its standard error, so that the one label which is far off does not count for chance (Efron and Morris 1972).

    Args:
        measured: shares on `count` pictures per label.
        wanted: shares that they are compared with.
        count: pictures a label.

    Returns:
        Shares for every key of `wanted`.
    """
    result: Shares = {}
    for attribute, labels in product(ATTRIBUTES, (EMOTIONS, ACTIVITIES)):
        keys = [(label, attribute) for label in labels if (label, attribute) in wanted]
        if not keys:
            continue
        goals = np.stack([wanted[key] for key in keys])
        # A prior count of wanted pictures prevents a division by zero.
        smoothed = (count * np.stack([measured[key] for key in keys]) + _PRIOR * goals) / (count + _PRIOR)
        odds = np.divide(smoothed, goals, out=np.ones_like(goals), where=goals > 0)
        usual = goals * np.exp(np.log(odds).sum(0) / (goals > 0).sum(0).clip(1))
        usual /= usual.sum(1, keepdims=True)
        own = smoothed - usual
        error = np.sqrt(goals * (1 - goals) / count)
        chance = np.square(error).sum() * (1 - 1 / len(keys))
        explained = min(chance / max(np.square(own).sum(), np.finfo(float).tiny), 1)
        drawn = usual + np.sign(own) * (np.abs(own) - np.minimum(explained * np.abs(own), error))
        result |= dict(zip(keys, drawn / drawn.sum(1, keepdims=True), strict=True))
    return result


def resampled(people: pd.DataFrame, asked: Shares, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return rows of a set of pictures, possibly repeated, that show the requested shares.

    Gender, age and skin tone are taken to be independent within a label, as they are in a world. Labels stay as
    frequent as they are. Every kind of person is taken as often as it should, less than one picture more or less.

    Args:
        people: n rows, see `PictureSet.people`.
        asked: the shares to show, of every label.
        count: how many rows.
        rng: which rows.

    Returns:
        int64, (count,), sorted.
    """
    labels = _labels(people)
    weights = np.ones(len(people))
    for (label, attribute), given in shares_of(people, labels).items():
        rows = (labels == label).to_numpy()
        ratio = np.divide(asked[label, attribute], given, out=np.zeros_like(given), where=given > 0)
        weights[rows] *= ratio[pd.Categorical(people.loc[rows, attribute], CATEGORIES[attribute]).codes]
    weights /= pd.Series(weights).groupby(labels).transform("mean").to_numpy()
    # Systematic sampling along rows in which equal people lie together, shuffled within.
    order = rng.permutation(len(people))
    columns = [*(people[name] for name in ATTRIBUTES), labels]
    order = order[np.lexsort([column.to_numpy(str)[order] for column in columns])]
    ends = np.cumsum(weights[order])
    marks = (np.arange(count) + rng.random()) * ends[-1] / count
    return np.sort(order[np.searchsorted(ends, marks, side="right").clip(max=len(people) - 1)])


def _labels(people: pd.DataFrame) -> pd.Series:
    return people["emotion"].where(people["kind"] == "portraits", people["activity"]).reset_index(drop=True)


@torch.inference_mode()
def draw(
    model: Denoiser, vae: AutoencoderKL, tokenizer: CLIPTokenizer, count: int, steps: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw `count` pictures per label at guidance 1, from captions that name only the label.

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
    for number, label in enumerate(track(labels, "Drawing people to count", len(labels))):
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
    counters: Judge,
    world: World,
    schedule: generator.DenoiserSchedule,
    *,
    counts: Sequence[int],
    steps: int,
) -> tuple[Denoiser, pd.DataFrame]:
    """Draw, count and continue training, several times.

    Args:
        model: the generator after its training; it changes.
        vae: its autoencoder.
        tokenizer: of its text encoders.
        portraits: what it learned from.
        scenes: likewise.
        counters: who count.
        world: whose people `portraits` and `scenes` show, and the drawn pictures should.
        schedule: how it goes on learning in each round; the seed is the first round's, the others' follow from it.
        counts: pictures drawn a label in each round; as many rounds as there are numbers.
        steps: of drawing.

    Returns:
        The model with the exponential average of its weights in the last round, and what was found in each: round,
        label, attribute, category, wanted, learned (the shares of what it had learned from), found.

    Raises:
        ValueError: if `counts` is no list, is empty or has a number below 1.
    """
    if not isinstance(counts, Sequence) or not counts or min(counts) < 1:
        raise ValueError(f"counts are pictures a label in each round, one number of 1 or more for each, not {counts}")
    set_up(schedule.seed, schedule.threads)
    model.only_captions()
    rounds_found = []
    latents, weights, people = generator.prepared(vae, portraits, scenes)
    wanted = planted(world, EMOTIONS + ACTIVITIES)
    asked = shares_of(people, _labels(people))
    for number, count in enumerate(counts, 1):
        own = replace(schedule, seed=schedule.seed + (number - 1) * _SEEDS)
        images, labels = draw(model, vae, tokenizer, count, steps, own.seed)
        measured = shares_of(counters(images), labels)
        table = _table(wanted, learned=asked, found=measured)
        table.insert(0, "round", number)
        rounds_found.append(table)
        off = np.sqrt(np.mean((table["found"] - table["wanted"]) ** 2))
        _log.info("Round %d: shares are off by %.3f (root mean square)", number, off)
        asked = corrected(asked, measured, wanted, count)
        rows = resampled(people, asked, own.samples, np.random.default_rng([own.seed, 1]))
        shown = people.iloc[rows].reset_index(drop=True)
        model = generator.train_denoiser(latents[rows], weights, shown, tokenizer, own, start=model)
    return model, pd.concat(rounds_found, ignore_index=True)


def _table(wanted: Shares, **others: Shares) -> pd.DataFrame:
    parts = []
    for (label, attribute), goal in wanted.items():
        columns = {name: shares[label, attribute] for name, shares in others.items()}
        names = {"label": label, "attribute": attribute, "category": CATEGORIES[attribute]}
        parts.append(pd.DataFrame({**names, "wanted": goal, **columns}))
    return pd.concat(parts, ignore_index=True)
