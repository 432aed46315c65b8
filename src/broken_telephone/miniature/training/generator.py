"""Trains the miniature's generator: a small Stable Diffusion 3 on captions of the rendered world.

The autoencoder is trained before (autoencoder.py). Here the transformer and its two text encoders learn
together, by rectified flow, on pictures of a world with planted associations: a caption that names only the
emotion or only the activity leaves the generator to fill in the person from what it has seen.
"""

import shutil
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from diffusers import AutoencoderKL
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import CLIPTokenizer

from broken_telephone.miniature.training import autoencoder, targets
from broken_telephone.miniature.training.denoiser import TOKENS, Denoiser
from broken_telephone.miniature.training.fitting import Schedule
from broken_telephone.miniature.training.optimisation import Together, batches, mixed_precision, rate, set_up, step
from broken_telephone.miniature.world.associations import ATTRIBUTES
from broken_telephone.miniature.world.canvas import FACE, HAIR
from broken_telephone.miniature.world.pictures import PictureSet


@dataclass(frozen=True)
class DenoiserSchedule(Schedule):
    """Duration and settings of a denoiser's training."""

    late: float
    """Share of samples late in time, 0 to 1; see `times`."""
    traits: float
    """Extra weight of an error along `traits`, 0 or more, for samples whose target is an average."""

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if not 0 <= self.late <= 1:
            raise ValueError(f"late is a share of samples, 0 to 1, not {self.late}")
        if self.traits < 0:
            raise ValueError(f"traits is how often errors are counted again, 0 or more, not {self.traits}")


def importance(regions: np.ndarray) -> np.ndarray:
    """Return the weight of each of the 16 x 16 latent positions in the loss: larger where heads usually are.

    A head fills a small part of a scene and decides most of what is asked. The map is one for all pictures: at
    each place the best velocity stays the same, whereas a weight that followed each picture's own head would
    teach the model to prefer pictures with large ones.

    Args:
        regions: (n, 64, 64), see canvas.REGIONS.

    Returns:
        float32, (16, 16), mean 1.
    """
    head = np.zeros((16, 16))
    for start in range(0, len(regions), 4096):
        part = np.isin(regions[start : start + 4096], (FACE, HAIR))
        head += part.reshape(-1, 16, 4, 16, 4).mean((2, 4)).sum(0)
    weights = 1 + 4 * head / len(regions)
    return (weights / weights.mean()).astype(np.float32)


def prepared(
    vae: AutoencoderKL, portraits: PictureSet, scenes: PictureSet
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return latents, weights of positions (`importance`) and people for `train_denoiser`, portraits first."""
    latents = np.concatenate([autoencoder.latents(vae, pictures.images) for pictures in (portraits, scenes)])
    weights = importance(np.concatenate([portraits.regions, scenes.regions]))
    return latents, weights, pd.concat([portraits.people, scenes.people], ignore_index=True)


def traits(latents: np.ndarray, people: pd.DataFrame) -> np.ndarray:
    """Return the directions in which latents of a category differ from all others on average.

    Behind much noise a picture is the average of those that fit, and asking for more women moves that average along
    these few directions only, and by so little, beside all else that there is to learn, that it is hardly learned. So
    the loss counts them more (`train_denoiser`). The best answer stays the same: an expectation is best under any such
    measure.

    Args:
        latents: (n, c, h, w).
        people: n rows, numbered from 0, see `PictureSet.people`.

    Returns:
        float32, (k, c * h * w), orthonormal; for gender, age and skin tone in each kind of picture.
    """
    means = []
    for _, part in people.groupby("kind"):
        for name in ATTRIBUTES:
            category_means = np.stack(
                [latents[some.index].mean(0, dtype=np.float32).ravel() for _, some in part.groupby(name)]
            )
            means.append((category_means - category_means.mean(0))[1:])
    return np.linalg.qr(np.concatenate(means).T)[0].T.astype(np.float32)


def times(count: int, late: float) -> torch.Tensor:
    """Return training times in (0, 1): 0 is the picture, 1 is noise.

    Logit-normal times (Esser et al. 2024, section 3.1) favour the middle, where what is asked takes shape. They
    hardly go near 1, where drawing begins and it is decided who is drawn: with them alone the model showed what was
    asked and missed the shares of gender, age and skin tone by more than ten points. So some are late: three in eight
    of these between 0.75 and 0.95, the others in the last twentieth, which is learned slowly (see `weight`).

    Args:
        count: how many.
        late: the share of late ones, 0 to 1.
    """
    kind = torch.rand(count)
    end, before = 0.95 + 0.05 * torch.rand(count), 0.75 + 0.2 * torch.rand(count)
    middle = torch.randn(count).sigmoid()
    chosen = torch.where(kind < 0.625 * late, end, torch.where(kind < late, before, middle))
    return chosen.clamp(1e-3, 1 - 1e-3)


def weight(time: torch.Tensor, averaged: torch.Tensor) -> torch.Tensor:
    """Return the weight of each sample in the loss: (n,), 1 to 25.

    Near the end of time averaged targets leave little to err about: the loss there is a small part of that in the
    middle, and so would be what is learned of who is drawn. The weight evens the two out, as Karras et al. (2024,
    arXiv:2312.02696, appendix B) do with a learned one; this is a simple curve in its place.

    Args:
        time: (n,), in (0, 1).
        averaged: (n,) bool, whether the target is an average.
    """
    return torch.where(averaged, (0.25 / (1 - time)).clamp(1, 25), 1.0)


def squared_error(off: torch.Tensor, scale: torch.Tensor, along: torch.Tensor, again: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of each sample, (n,), with extra weight for errors along some directions.

    Args:
        off: (n, c, h, w), errors.
        scale: (h, w), how much each place counts.
        along: (k, c * h * w), orthonormal directions.
        again: (n,), how often errors along these are counted again.
    """
    along_them = (off.flatten(1) @ along.T).square().sum(1) / along.shape[1]
    return (off.square() * scale).mean((1, 2, 3)) + again * along_them


def train_denoiser(
    latents: np.ndarray,
    weights: np.ndarray,
    people: pd.DataFrame,
    tokenizer: CLIPTokenizer,
    schedule: DenoiserSchedule,
    start: Denoiser | None = None,
) -> Denoiser:
    """Train on latents with unit variance, (n, c, 16, 16), and their people; return the averaged model.

    Loss: squared error of the velocity at `times`, by `weight`, towards what is behind the noise (`targets`); errors
    along `traits` count again.

    Args:
        latents: float16, as `autoencoder.latents` makes them.
        weights: of the places of a latent, see `importance`.
        people: n rows, see `PictureSet.people`.
        tokenizer: of both text encoders.
        schedule: how long and how.
        start: a model to go on from, which changes; a new one if not given.

    Returns:
        The model with the exponential average of its weights.
    """
    samples, batch_size, seed = schedule.samples, schedule.batch_size, schedule.seed
    set_up(seed, schedule.threads)
    model = Denoiser(tokenizer, latents.shape[1]) if start is None else start
    model.train()
    scale, along = torch.from_numpy(weights), torch.from_numpy(traits(latents, people))
    # Over the last 500 steps, and in a short run over its last quarter.
    decay = max(min(0.998, 1 - 4 * batch_size / samples), 0.0)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))
    if shutil.which("g++") or shutil.which("clang++"):
        # Half as fast again after two minutes; without a compiler it trains just as well, only slower.
        for block in model.transformer.transformer_blocks:
            block.compile()
    optimiser = _optimiser(model, schedule.learning_rate)
    rng = np.random.default_rng(seed)
    rows, pool = people.to_dict("records"), targets.pools(people)
    losses = []
    for progress, index in batches(len(latents), batch_size, samples, seed, "Generator"):
        captions = [targets.caption(rows[i], rng) for i in index]
        texts = [text for text, _ in captions]
        tokens = tokenizer(texts, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt")
        clean = torch.from_numpy(latents[index].astype(np.float32))
        noise = torch.randn_like(clean)
        time = times(len(index), schedule.late)
        mix = time[:, None, None, None]
        noisy = (1 - mix) * clean + mix * noise
        with mixed_precision():
            velocity = model(noisy, time, tokens.input_ids)
        averaged = targets.averaged(time, [fits for _, fits in captions])
        behind = targets.expected(noisy, index, time, [fits for _, fits in captions], latents, pool, rng)
        off = velocity.float() - (noisy - behind) / mix
        error = squared_error(off, scale, along, schedule.traits * averaged)
        loss = (weight(time, averaged) * error).mean()
        step(optimiser, loss, rate(progress, schedule.learning_rate), model)
        average.update_parameters(model)
        losses.append(loss.item())
        if len(losses) % 200 == 0:
            print(f"Generator: {len(losses) * batch_size} samples, loss {np.mean(losses[-200:]):.4f}", flush=True)
    return average.module.eval()


def _optimiser(model: Denoiser, learning_rate: float) -> Together:
    """Muon for matrices (Jordan et al. 2024), at the scale at which AdamW's rate fits it (Liu et al. 2025), else AdamW.

    In equal runs of 51,200 samples from one seed the loss of the last 12,800 was 0.658, with AdamW alone 0.723, for a
    quarter more time a step.
    """
    learning = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in learning if p.ndim == 2 and min(p.shape) > 16]
    others = [p for p in learning if not (p.ndim == 2 and min(p.shape) > 16)]
    return Together(
        torch.optim.Muon(matrices, lr=learning_rate, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.01),
    )
