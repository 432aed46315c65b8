"""Trains LoRA adapters of the generator: further worlds on top of the shipped one.

The weights stay as they are. Small additions to the text encoders, and to the layers that feed the transformer with
their output, learn from pictures of another world. With pictures of an even world this removes planted associations:
LoRA training on balanced pairs of picture and caption.

The generator is its own teacher. Asked with a caption that names the whole person, it draws that person, whatever its
associations. The adapter learns to predict the same with a caption that names only the label. The average over the
people of the other world is then the prediction of a generator of that world. Such targets have less variance than
pictures, so a few hundred steps are enough, and expressions stay as the generator draws them. Labels whose associations
stay are asked with the same caption, so that their people stay as well.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from diffusers import StableDiffusion3Pipeline
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import CLIPTokenizer

from broken_telephone.miniature.training import autoencoder, corrections, generator, targets
from broken_telephone.miniature.training.denoiser import TOKENS, Denoiser, load_denoiser
from broken_telephone.miniature.training.fitting import Schedule
from broken_telephone.miniature.training.optimisation import batches, mixed_precision, rate, set_up, step
from broken_telephone.miniature.world import language
from broken_telephone.miniature.world.people import ACTIVITIES, EMOTIONS, World
from broken_telephone.miniature.world.pictures import PictureSet

# Only what reads captions learns, as in `corrections`: whom they stand for has to change, not how anybody is drawn.
# With adapters in the attention of the transformer, fewer pictures showed the requested emotion.
_TRANSFORMER = r"context_embedder|time_text_embed\.text_embedder\.linear_[12]"
_TEXT_ENCODER = r".*\.(q_proj|k_proj|v_proj|out_proj|fc1|fc2)"


@dataclass(frozen=True)
class AdapterSchedule(Schedule):
    """Duration and settings of an adapter's training."""

    rank: int
    """The rank of the adapter's matrices."""
    changed: float
    """Share of samples, 0 to 1, that are taken only from the labels whose associations change."""
    traits: float
    """Extra weight of an error along `generator.traits`, 0 or more, for captions that name only the label."""

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if not 0 <= self.changed <= 1:
            raise ValueError(f"changed is a share of samples, 0 to 1, not {self.changed}")
        if self.traits < 0:
            raise ValueError(f"traits is an extra weight, 0 or more, not {self.traits}")


def add_adapters(model: Denoiser, rank: int) -> None:
    """Freeze all weights, and add a LoRA of this rank to the transformer and to both text encoders."""
    from peft import LoraConfig

    model.requires_grad_(False)
    parts = {model.transformer: _TRANSFORMER, model.text_encoder: _TEXT_ENCODER, model.text_encoder_2: _TEXT_ENCODER}
    for part, layers in parts.items():
        part.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=layers))


def train_generator_adapter(
    folder: Path,
    portraits: PictureSet,
    scenes: PictureSet,
    world: World,
    shipped: World,
    schedule: AdapterSchedule,
) -> Denoiser:
    """Train an adapter of the generator in `folder` for a world.

    Args:
        folder: the generator's. Its weights stay as they are.
        portraits: pictures of the even world. They are drawn from with the shares of `world`, so that no pictures have
            to be rendered for it. For an even world, that balances them exactly.
        scenes: likewise.
        world: whose people the generator should draw.
        shipped: the world that the generator in `folder` learned.
        schedule: how long and how.

    Returns:
        The model with its adapters, averaged over the last quarter of the training; see `save_generator_adapter`.
    """
    set_up(schedule.seed, schedule.threads)
    model, tokenizer = load_denoiser(folder)
    teacher, _ = load_denoiser(folder)
    add_adapters(model, schedule.rank)
    latents, weights, people = generator.prepared(autoencoder.load_autoencoder(folder / "vae"), portraits, scenes)
    asked = corrections.planted(world, EMOTIONS + ACTIVITIES)
    rows = corrections.resampled(people, asked, len(people), np.random.default_rng([schedule.seed, 1]))
    shown = people.iloc[rows].reset_index(drop=True)
    labels = {association.given for association in (*world.associations, *shipped.associations)}
    concept = shown["emotion"].where(shown["kind"] == "portraits", shown["activity"])
    changed = np.flatnonzero(concept.isin(labels))
    return _fit(model.train(), teacher, tokenizer, latents[rows], weights, shown, changed, schedule)


def _fit(
    model: Denoiser,
    teacher: Denoiser,
    tokenizer: CLIPTokenizer,
    latents: np.ndarray,
    weights: np.ndarray,
    people: pd.DataFrame,
    changed: np.ndarray,
    schedule: AdapterSchedule,
) -> Denoiser:
    scale, along = torch.from_numpy(weights), torch.from_numpy(generator.traits(latents, people))
    decay = max(min(0.998, 1 - 4 * schedule.batch_size / schedule.samples), 0.0)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))
    learning = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=schedule.learning_rate, betas=(0.9, 0.99), weight_decay=0.0)
    rng = np.random.default_rng(schedule.seed)
    records, pool = people.to_dict("records"), targets.pools(people)
    is_changed = np.zeros(len(people), dtype=bool)
    is_changed[changed] = True

    def tokens(texts: list[str]) -> torch.Tensor:
        ids = tokenizer(texts, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt").input_ids
        return torch.as_tensor(ids)

    size, samples = schedule.batch_size, schedule.samples
    for progress, index in batches(len(latents), size, samples, schedule.seed, "Adapter"):
        number = round(schedule.changed * size) if len(changed) else 0
        index[:number] = rng.choice(changed, number)
        captions = [_caption(records[i], rng, empty=k >= number) for k, i in enumerate(index)]
        fits = [name for _, name in captions]
        short = torch.tensor([name is not None for name in fits])
        time = times(size)
        mix = time[:, None, None, None]
        clean = torch.from_numpy(latents[index].astype(np.float32))
        noisy = (1 - mix) * clean + mix * torch.randn_like(clean)
        # A caption of a label whose associations stay.
        stays = np.array([fit not in (None, targets.ANYTHING) for fit in fits]) & ~is_changed[index]
        averaged = targets.averaged(time, fits) & ~torch.from_numpy(stays)
        behind = targets.expected(noisy, index, time, fits, latents, pool, rng)
        wanted = (noisy - behind) / mix
        taught = np.flatnonzero(~averaged.numpy())
        asked = [captions[k][0] if stays[k] else language.free_sentence(records[index[k]]) for k in taught]
        with mixed_precision(), torch.no_grad():
            wanted[taught] = teacher(noisy[taught], time[taught], tokens(asked)).float()
        with mixed_precision():
            velocity = model(noisy, time, tokens([text for text, _ in captions]))
        error = generator.squared_error(velocity.float() - wanted, scale, along, schedule.traits * short)
        loss = (generator.weight(time, short) * error).mean()
        step(optimiser, loss, rate(progress, schedule.learning_rate), model)
        average.update_parameters(model)
    return average.module.eval()


def _caption(row: language.Row, rng: np.random.Generator, empty: bool) -> tuple[str, str | None]:
    # Empty captions stand for the people of all labels, so those of samples from some labels only are drawn again.
    text, fits = targets.caption(row, rng)
    while not (text or empty):
        text, fits = targets.caption(row, rng)
    return text, fits


def times(count: int) -> torch.Tensor:
    """Return training times in (0, 1], (count,), distributed like the steps of drawing (shift 3, `as_pipeline`)."""
    uniform = torch.rand(count).clamp(min=0.01)
    return 3 * uniform / (1 + 2 * uniform)


def save_generator_adapter(model: Denoiser, folder: Path) -> None:
    """Save the adapter alone in half precision, as `generator.lora` loads it."""
    StableDiffusion3Pipeline.save_lora_weights(
        folder,
        transformer_lora_layers=_half(model.transformer),
        text_encoder_lora_layers=_half(model.text_encoder),
        text_encoder_2_lora_layers=_half(model.text_encoder_2),
        safe_serialization=True,
    )


def _half(part: nn.Module) -> dict[str, torch.Tensor]:
    from peft import get_peft_model_state_dict

    return {name: values.half().contiguous() for name, values in get_peft_model_state_dict(part).items()}
