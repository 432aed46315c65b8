"""Reduces the weights of a pipeline's denoiser to floating-point numbers of 8 bits."""

from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.generators.compilation import repeated_blocks
from broken_telephone.models.loading.load_errors import require

_SETTING = "generator.quantisation"
_CAPABILITY = (8, 9)
"""The first compute capability of CUDA GPUs that multiplies numbers of 8 bits (Ada, Hopper)."""
_MULTIPLE = 16
"""Both sides of such a product must be multiples of this."""


def quantise(pipeline: Any, kind: str, device: str, dtype: Any) -> None:
    """Quantise a pipeline's denoiser. Embeddings, norms and the last layer keep their dtype.

    Args:
        pipeline: of diffusers.
        kind: "fp8" or "fp8_stored", see `GeneratorSettings`.
        device: that the pipeline will run on.
        dtype: of the pipeline.

    Raises:
        StudyError: if the pipeline, this machine or the dtype does not allow it.
    """
    denoiser = next((part for name in ("transformer", "unet") if (part := getattr(pipeline, name, None))), None)
    if denoiser is None:
        raise StudyError(f"{_SETTING}: {type(pipeline).__name__} has neither transformer nor unet: set it to null")
    if kind == "fp8_stored":
        store(denoiser, dtype)
    else:
        require("torchao", f"{_SETTING}: fp8")
        _check_products(device, dtype)
        multiply(denoiser, device)


def store(denoiser: Any, dtype: Any) -> None:
    """Keep weights at 8 bits, and cast those of a layer to `dtype` while it computes."""
    import torch

    denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)


def multiply(denoiser: Any, device: str) -> None:
    """Let the linear layers of the denoiser's blocks multiply numbers of 8 bits.

    Raises:
        StudyError: if no layer has suitable sides.
    """
    import torch
    from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, PerRow, quantize_

    inside = {id(layer) for block in repeated_blocks(denoiser) for layer in block.modules()}

    def is_suitable(layer: Any, name: str) -> bool:
        is_linear = type(layer) is torch.nn.Linear and id(layer) in inside and "norm" not in name
        return is_linear and layer.in_features % _MULTIPLE == 0 and layer.out_features % _MULTIPLE == 0

    if not any(is_suitable(layer, name) for name, layer in denoiser.named_modules()):
        raise StudyError(f"{_SETTING}: no layer of {type(denoiser).__name__} can multiply at 8 bits: set it to null")
    # A scale for each token. One scale for a whole batch would let pictures depend on others in their batch.
    quantize_(denoiser, Float8DynamicActivationFloat8WeightConfig(granularity=PerRow()), is_suitable, device=device)


def _check_products(device: str, dtype: Any) -> None:
    """Check that the device multiplies numbers of 8 bits.

    Raises:
        StudyError: if it does not, or if the rest is not in bfloat16.
    """
    import torch

    if not device.startswith("cuda"):
        raise StudyError(
            f"{_SETTING}: fp8 needs a CUDA GPU, and the device is {device}: set it to fp8_stored, or to null"
        )
    capability = torch.cuda.get_device_capability(device)
    if capability < _CAPABILITY:
        raise StudyError(
            f"{_SETTING}: fp8 needs a GPU with compute capability {_CAPABILITY[0]}.{_CAPABILITY[1]}, and this one "
            f"has {capability[0]}.{capability[1]}: set it to fp8_stored, or to null"
        )
    if dtype != torch.bfloat16:
        raise StudyError(f"{_SETTING}: fp8 needs generator.dtype: bfloat16, and it is {str(dtype)[6:]}")
