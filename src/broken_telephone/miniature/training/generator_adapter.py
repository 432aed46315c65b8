"""Trains LoRA adapters of the generator: further worlds on top of the shipped one.

The weights stay as they are. Small additions to the text encoders, and to the layers that feed the transformer with
their output, learn from pictures of another world, with the captions and the loss of the generator's own training
(`train_denoiser`). With pictures of an even world this removes planted associations: LoRA training on balanced pairs of
picture and caption.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusion3Pipeline
from peft import LoraConfig, get_peft_model_state_dict
from torch import nn

from broken_telephone.miniature.training import autoencoder, corrections, generator
from broken_telephone.miniature.training.denoiser import Denoiser, load_denoiser
from broken_telephone.miniature.training.optimisation import set_up
from broken_telephone.miniature.world.people import ACTIVITIES, EMOTIONS, World
from broken_telephone.miniature.world.pictures import PictureSet

# Only what reads captions learns, as in `corrections`: whom they stand for has to change, not how anybody is drawn.
# With adapters in the attention of the transformer, fewer pictures showed the requested emotion.
_TRANSFORMER = r"context_embedder|time_text_embed\.text_embedder\.linear_[12]"
_TEXT_ENCODER = r".*\.(q_proj|k_proj|v_proj|out_proj|fc1|fc2)"


def add_adapters(model: Denoiser, rank: int) -> None:
    """Freeze all weights, and add a LoRA of this rank to the transformer and to both text encoders."""
    model.requires_grad_(False)
    parts = {model.transformer: _TRANSFORMER, model.text_encoder: _TEXT_ENCODER, model.text_encoder_2: _TEXT_ENCODER}
    for part, layers in parts.items():
        part.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=layers))


def train_generator_adapter(
    folder: Path,
    portraits: PictureSet,
    scenes: PictureSet,
    world: World,
    schedule: generator.DenoiserSchedule,
    rank: int,
) -> Denoiser:
    """Train an adapter of the generator in `folder` for a world.

    Args:
        folder: the generator's. Its weights stay as they are.
        portraits: pictures of the even world. They are drawn from with the shares of `world`, so that no pictures have
            to be rendered for it. For an even world, that balances them exactly.
        scenes: likewise.
        world: whose people the generator should draw.
        schedule: how long and how.
        rank: of the adapter's matrices.

    Returns:
        The model with its adapters; see `save_generator_adapter`.
    """
    set_up(schedule.seed, schedule.threads)
    model, tokenizer = load_denoiser(folder)
    add_adapters(model, rank)
    latents, weights, people = generator.prepared(autoencoder.load_autoencoder(folder / "vae"), portraits, scenes)
    asked = corrections.planted(world, EMOTIONS + ACTIVITIES)
    rows = corrections.resampled(people, asked, len(people), np.random.default_rng([schedule.seed, 1]))
    shown = people.iloc[rows].reset_index(drop=True)
    return generator.train_denoiser(latents[rows], weights, shown, tokenizer, schedule, start=model)


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
    return {name: values.half().contiguous() for name, values in get_peft_model_state_dict(part).items()}
