"""Pads pictures by reflection of one pixel, and keeps their memory layout.

torch's own goes through another layout and back on a CPU, which takes as long as the convolutions of a small
network. The values and gradients are the same.
"""

from typing import Any

import torch
from torch import nn


class Reflection(nn.Module):
    """Pads (n, channels, height, width) by one pixel on each side, as `nn.ReflectionPad2d(1)` does."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Pad."""
        return _Reflect.apply(features)


class _Reflect(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: torch.Tensor) -> torch.Tensor:
        count, channels, height, width = features.shape
        shape = (count, channels, height + 2, width + 2)
        padded = torch.empty(shape, dtype=features.dtype, memory_format=torch.channels_last)
        padded[:, :, 1:-1, 1:-1] = features
        padded[:, :, 0, 1:-1] = features[:, :, 1]
        padded[:, :, -1, 1:-1] = features[:, :, -2]
        padded[:, :, :, 0] = padded[:, :, :, 2]
        padded[:, :, :, -1] = padded[:, :, :, -3]
        return padded

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        inner = gradient[:, :, :, 1:-1].clone(memory_format=torch.channels_last)
        inner[:, :, :, 1] += gradient[:, :, :, 0]
        inner[:, :, :, -2] += gradient[:, :, :, -1]
        inner[:, :, 2] += inner[:, :, 0]
        inner[:, :, -3] += inner[:, :, -1]
        return inner[:, :, 1:-1]


def quicken(model: nn.Module) -> None:
    """Let facexlib's convolution layers use this padding; their weights and results stay equal."""
    for module in model.modules():
        padding = getattr(module, "reflection_pad", None)
        if isinstance(padding, nn.ReflectionPad2d) and padding.padding == (1, 1, 1, 1):
            module.reflection_pad = Reflection()
