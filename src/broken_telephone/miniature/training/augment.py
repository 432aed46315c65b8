"""Augments training pictures with small random changes, so that a model also reads generated pictures.

Such pictures are slightly soft, a pixel off or a shade off. Leaves out everything that would change what is
true of a picture: no mirroring, no crops, no strong colours.
"""

import torch
from torch.nn import functional

_WEIGHTS = torch.tensor([1.0, 2.0, 1.0])
_KERNEL = (_WEIGHTS[:, None] * _WEIGHTS[None] / 16).expand(3, 1, 3, 3)


@torch.no_grad()
@torch.autocast("cpu", enabled=False)
def augment(
    images: torch.Tensor,
    generator: torch.Generator,
    shift: int = 2,
    soften: float = 0.5,
    colour: float = 1.0,
) -> torch.Tensor:
    """Shift, soften, recolour and add noise to pictures.

    Args:
        images: float, (n, 3, height, width), 0 to 1.
        generator: the only source of randomness.
        shift: at most so many pixels in each direction, the same for the whole batch.
        soften: share of batches that are made smaller and larger again, at most to 0.6 of their size.
        colour: strength of the changes in colour; 1 changes brightness by at most 5 %, contrast by 12 %.

    Returns:
        The changed pictures, same shape, 0 to 1.
    """
    count, _, height, width = images.shape

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return torch.empty(shape).uniform_(low, high, generator=generator)

    if shift:
        left, top = (int(v) for v in torch.randint(0, 2 * shift + 1, (2,), generator=generator))
        padded = functional.pad(images, (shift,) * 4, mode="replicate")
        images = padded[:, :, top : top + height, left : left + width]
    if float(uniform(0, 1, 1)) < soften:
        size = int(uniform(0.6, 1.0, 1) * height)
        small = functional.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
        images = functional.interpolate(small, size=(height, width), mode="bilinear")
    # Between slightly sharper and a full 3 x 3 blur, each picture on its own.
    blurred = functional.conv2d(functional.pad(images, (1,) * 4, mode="replicate"), _KERNEL, groups=3)
    images = torch.lerp(images, blurred, uniform(-0.4, 0.8, count, 1, 1, 1))
    gain = 1 + 0.12 * colour * uniform(-1, 1, count, 1, 1, 1) + 0.04 * colour * uniform(-1, 1, count, 3, 1, 1)
    images = (images - 0.5) * gain + 0.5 + 0.05 * colour * uniform(-1, 1, count, 1, 1, 1)
    # One pattern a batch, at each picture's own strength: drawing one for each picture takes longer than a step.
    noise = torch.randn((1, *images.shape[1:]), generator=generator) * uniform(-0.03, 0.03, count, 1, 1, 1)
    return (images + noise).clamp(0, 1)
