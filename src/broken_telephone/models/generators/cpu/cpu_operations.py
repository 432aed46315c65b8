"""Replaces operations of a pipeline that are slow on CPUs by faster ones, equal up to rounding.

Matrix products run near the processor's limit. Measured beside them, on one core at bfloat16, 16 images of 96 tokens
and 4 heads of 48 channels took 2.4 ms in torch's fused attention and 1.2 ms in batched products; GELU in its tanh form
took 1.5 ms by itself and 0.5 ms inside the product before it.
"""

from typing import Any

from broken_telephone.models.generators.cpu import joint_block
from broken_telephone.models.generators.cpu.joint_attention import JointAttention, has_known_norms, projections
from broken_telephone.models.generators.cpu.packed_linear import LARGEST, PackedLinear, is_plain, packs


def use_fast_operations(pipeline: Any) -> None:
    """Replace slow operations of a pipeline, as far as it has any of the known kinds.

    Args:
        pipeline: of diffusers, on the CPU.
    """
    import torch

    transformer, decoder = getattr(pipeline, "transformer", None), getattr(pipeline, "vae", None)
    if transformer is not None:
        replace_operations(transformer)
    # Decoders of videos have weights of five axes, which have another format.
    if decoder is not None and all(weight.dim() < 5 for weight in decoder.parameters()):
        # Convolutions read the channels of a pixel together: a fifth less time at bfloat16.
        decoder.to(memory_format=torch.channels_last)


def replace_operations(denoiser: Any) -> None:
    """Replace attention, feed-forward activations, linear layers and blocks of a denoiser.

    Args:
        denoiser: a transformer of diffusers, on the CPU.
    """
    from diffusers.models.activations import GELU
    from diffusers.models.attention_processor import JointAttnProcessor2_0

    layers = [part for part in denoiser.modules() if is_plain(part)]
    is_small = sum(weight.nbytes for weight in denoiser.parameters()) <= LARGEST
    pack = is_small and bool(layers) and packs(layers[0])
    for part in denoiser.modules():
        if type(getattr(part, "processor", None)) is JointAttnProcessor2_0 and has_known_norms(part):
            part.set_processor(JointAttention(pack))
            joined = projections(part)
            layers = [layer for layer in layers if layer not in joined]
        elif type(part) is GELU and part.approximate == "tanh" and is_plain(part.proj):
            if packs(part, "gelu", "tanh", pack):
                part.forward = PackedLinear((part.proj,), "gelu", "tanh", pack)
                layers.remove(part.proj)
        elif joint_block.is_known(part):
            part.forward = joint_block.JointBlock(part)
    for layer in layers if pack else ():
        layer.forward = PackedLinear((layer,))
