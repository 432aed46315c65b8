"""Trains the generator's autoencoder: 64 x 64 pictures to 16 x 16 latents of four channels and back.

Small bright-on-dark and dark-on-dark details decide whether an expression survives, and a plain pixel loss
gives up on them first in dark faces. So errors are also taken on square-root intensities, where a step
between two dark values counts as much as one between two light values, and weighted by region.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn

from broken_telephone.miniature.training.optimisation import (
    batches,
    mixed_precision,
    rate,
    set_up,
    step,
    to_bytes,
    to_unit,
)
from broken_telephone.miniature.world.canvas import BACKGROUND, BODY, FACE, HAIR

_WEIGHTS = {BACKGROUND: 0.7, HAIR: 1.3, FACE: 4.0, BODY: 1.3}
# Pixels with local contrast, such as a ribbon in the hair, count more at any position.
_CONTRAST = 3.0
# Number of colour steps per channel, and the largest weight of a rare colour in the decoder's loss.
_STEPS, _MOST = 8, 12.0
_KL_WEIGHT = 1e-3


def new_autoencoder() -> AutoencoderKL:
    """Return the untrained autoencoder: three levels, a quarter of the pixels per side, four channels."""
    return AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * 3,
        up_block_types=["UpDecoderBlock2D"] * 3,
        block_out_channels=[16, 48, 96],
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=64,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    )


def train_autoencoder(
    images: np.ndarray,
    regions: np.ndarray,
    samples: int,
    decoder_samples: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    threads: int,
) -> AutoencoderKL:
    """Train on pictures and their regions, then the decoder alone; set the scale and shift of latents.

    Args:
        images: uint8, (n, 64, 64, 3).
        regions: uint8, (n, 64, 64).
        samples: pictures seen by encoder and decoder together.
        decoder_samples: pictures seen by the decoder alone afterwards.
    """
    set_up(seed, threads)
    model = new_autoencoder()
    weights, rare = torch.tensor([_WEIGHTS[k] for k in range(4)]), rarity(images[:: max(1, len(images) // 4000)])
    for decoder_only, count in ((False, samples), (True, decoder_samples)):
        trained = model.decoder if decoder_only else model
        peak = learning_rate * (0.5 if decoder_only else 1)
        optimiser = torch.optim.AdamW(trained.parameters(), lr=peak, betas=(0.9, 0.99), weight_decay=1e-4)
        name = "Autoencoder, decoder only" if decoder_only else "Autoencoder"
        running = 0.0
        for progress, index in batches(len(images), batch_size, count, seed + decoder_only, name):
            picture = to_unit(images[index])
            weight = weights[torch.from_numpy(regions[index].astype(np.int64))][:, None]
            if decoder_only:
                weight = weight * rare[_colour(torch.from_numpy(images[index].astype(np.int64)))][:, None]
            weight = weight + _CONTRAST * _contrast(picture)
            with mixed_precision():
                with torch.set_grad_enabled(not decoder_only):
                    latent = model.encode(picture).latent_dist
                drawn = model.decode(latent.sample()).sample
            loss = _picture_loss(drawn.float(), picture, weight)
            if not decoder_only:
                loss = loss + _KL_WEIGHT * latent.kl().float().mean() / latent.mean[0].numel()
            step(optimiser, loss, rate(progress, peak), trained)
            running = 0.98 * running + 0.02 * loss.item() if running else loss.item()
        print(f"{name}: loss {running:.4f}")
    _set_scale(model, images[:2000])
    return model.eval()


def rarity(images: np.ndarray) -> torch.Tensor:
    """Return the weight of each colour in the loss, (_STEPS ** 3,), 1 to _MOST: the root of its rarity.

    Without it a baby girl's ribbon, of a colour that nothing else has, came back as pale as skin, and she as a boy
    (rebalancing as in Zhang, Isola and Efros 2016, section 2.2).

    Args:
        images: uint8, (n, 64, 64, 3).
    """
    counts = torch.bincount(_colour(torch.from_numpy(images.astype(np.int64))).flatten(), minlength=_STEPS**3)
    share = counts / counts.sum()
    usual = (share * share).sum()
    return (usual / share.clamp(min=1e-9)).sqrt().clamp(1.0, _MOST)


def _colour(pixels: torch.Tensor) -> torch.Tensor:
    """Return the index (...) of the colour, below _STEPS ** 3, of pixels (..., 3), 0 to 255."""
    red, green, blue = (pixels * _STEPS // 256).unbind(-1)
    return (red * _STEPS + green) * _STEPS + blue


def _contrast(picture: torch.Tensor) -> torch.Tensor:
    """Return the distance of each pixel from the mean of its 9 x 9 neighbourhood, (n, 1, h, w)."""
    around = nn.functional.avg_pool2d(picture, 9, stride=1, padding=4, count_include_pad=False)
    return (picture - around).abs().mean(1, keepdim=True)


def _picture_loss(drawn: torch.Tensor, picture: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    difference = drawn - picture
    # Square root of the intensity; the small offset keeps its slope finite at black.
    root = ((drawn.clamp(-1, 1) + 1.02) / 2).sqrt() - ((picture + 1.02) / 2).sqrt()
    loss = (weight * (difference.abs() + difference.square() + 2 * root.abs())).mean()
    for dim in (2, 3):
        edges = difference.diff(dim=dim).abs()
        loss = loss + 0.5 * (weight.narrow(dim, 1, weight.shape[dim] - 1) * edges).mean()
    return loss


def _set_scale(model: AutoencoderKL, images: np.ndarray) -> None:
    latents = encode(model, images).astype(np.float32)
    model.register_to_config(
        scaling_factor=round(float(1 / latents.std()), 4), shift_factor=round(float(latents.mean()), 4)
    )


def load_autoencoder(folder: Path) -> AutoencoderKL:
    """Load an autoencoder that `save_pretrained` wrote."""
    model = AutoencoderKL.from_pretrained(folder, use_safetensors=True, local_files_only=True)
    # Otherwise the generator would be saved with the folder's path on this machine.
    model.register_to_config(_name_or_path="")
    return model.eval()


def latents(model: AutoencoderKL, images: np.ndarray) -> np.ndarray:
    """Return latents for the generator, shifted and scaled to unit variance: float16, (n, 4, 16, 16)."""
    raw = encode(model, images).astype(np.float32)
    return ((raw - model.config.shift_factor) * model.config.scaling_factor).astype(np.float16)


@torch.no_grad()
def encode(model: AutoencoderKL, images: np.ndarray, batch_size: int = 128) -> np.ndarray:
    """Return mean latents before scaling, float16, (n, 4, 16, 16)."""
    parts = []
    for start in range(0, len(images), batch_size):
        with mixed_precision():
            picture = to_unit(images[start : start + batch_size])
            parts.append(model.encode(picture).latent_dist.mean.half().numpy())
    return np.concatenate(parts)


@torch.no_grad()
def round_trip(model: AutoencoderKL, images: np.ndarray, batch_size: int = 128) -> np.ndarray:
    """Return pictures after encoding and decoding, uint8, (n, 64, 64, 3)."""
    parts = []
    for start in range(0, len(images), batch_size):
        with mixed_precision():
            picture = to_unit(images[start : start + batch_size])
            parts.append(to_bytes(model.decode(model.encode(picture).latent_dist.mean).sample))
    return np.concatenate(parts)
