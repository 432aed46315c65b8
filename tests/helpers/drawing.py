"""Prompts and a small transformer of Stable Diffusion 3, for tests of a generator's speed."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

PROMPTS = [f"a person number {number}" for number in range(5)]
SEEDS = [3, 1, 4, 1, 5]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch compute with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def pixels(images) -> np.ndarray:
    """Return the pixels of images of one size."""
    return np.stack([np.asarray(image, dtype=int) for image in images])


def sd3(layers: int = 3, norm: str | None = "rms_norm", **more):
    """Return a transformer with random weights, the same ones every time."""
    torch.manual_seed(0)
    from diffusers import SD3Transformer2DModel

    return SD3Transformer2DModel(
        **{"sample_size": 8, "in_channels": 4, "out_channels": 4, "num_layers": layers, "attention_head_dim": 8},
        **{"num_attention_heads": 2, "joint_attention_dim": 32, "caption_projection_dim": 16},
        **{"pooled_projection_dim": 32, "pos_embed_max_size": 8, "qk_norm": norm},
        **more,
    ).eval()


def predicted(transformer) -> torch.Tensor:
    """Return a transformer's prediction for three noisy inputs, the same ones every time."""
    torch.manual_seed(1)
    inputs = {"hidden_states": torch.randn(3, 4, 8, 8), "encoder_hidden_states": torch.randn(3, 7, 32)}
    inputs |= {"pooled_projections": torch.randn(3, 32), "timestep": torch.tensor([900.0, 500.0, 20.0])}
    with torch.no_grad():
        return transformer(**inputs, return_dict=False)[0]
