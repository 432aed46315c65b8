"""Reduces the weights of a pipeline's denoiser to floating-point numbers of 8 bits."""

from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.generators.denoiser import denoiser_of, repeated_blocks
from broken_telephone.models.loading.load_errors import require
from broken_telephone.models.loading.torch_model import name_of_dtype

_CAPABILITY = (8, 9)
"""The first compute capability of CUDA GPUs that multiplies numbers of 8 bits (Ada, Hopper)."""
_MULTIPLE = 16
"""Both sides of such a product must be multiples of this."""


def quantise(pipeline: Any, kind: str, device: str, dtype: Any, setting: str) -> None:
    """Quantise a pipeline's denoiser.

    Args:
        pipeline: of diffusers.
        kind: "fp8" or "fp8_stored", see `GeneratorSettings`.
        device: that the pipeline will run on.
        dtype: of the pipeline.
        setting: the name of the model's settings in the study, for errors.

    Raises:
        StudyError: if the pipeline, this machine or the dtype does not allow it.
    """
    denoiser = denoiser_of(pipeline)
    if denoiser is None:
        raise StudyError(
            f"{setting}.quantisation: {type(pipeline).__name__} has neither transformer nor unet: set it to null"
        )
    if kind == "fp8_stored":
        store(denoiser, dtype)
    else:
        require("torchao", f"{setting}.quantisation: fp8")
        _check_products(device, dtype, setting)
        multiply(denoiser, device, setting)


def store(denoiser: Any, dtype: Any) -> None:
    """Keep weights at 8 bits, and cast those of a layer to `dtype` while it computes.

    diffusers leaves layers out by parts of their names: `norm`, `pos_embed` and `patch_embed`, `proj_in` and `proj_out`
    of the denoiser itself, and those that the denoiser's class adds. Other embeddings are stored at 8 bits, too.
    """
    import torch

    denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)


def multiply(denoiser: Any, device: str, setting: str) -> None:
    """Let the linear layers of the denoiser's blocks multiply numbers of 8 bits.

    All other layers keep their dtype: embeddings, norms and the last layer.

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
        raise StudyError(
            f"{setting}.quantisation: no layer of {type(denoiser).__name__} can multiply at 8 bits: set it to null"
        )
    # A scale for each token. One scale for a whole batch would let images depend on others in their batch.
    quantize_(denoiser, Float8DynamicActivationFloat8WeightConfig(granularity=PerRow()), is_suitable, device=device)


def _check_products(device: str, dtype: Any, setting: str) -> None:
    """Check that the device multiplies numbers of 8 bits.

    Raises:
        StudyError: if it does not, or if the rest is not in bfloat16.
    """
    import torch

    if not device.startswith("cuda"):
        raise StudyError(
            f"{setting}.quantisation: fp8 needs a CUDA GPU, and the device is {device}: set it to fp8_stored, or to "
            "null"
        )
    capability = torch.cuda.get_device_capability(device)
    if capability < _CAPABILITY:
        raise StudyError(
            f"{setting}.quantisation: fp8 needs a GPU with compute capability {_CAPABILITY[0]}.{_CAPABILITY[1]}, and "
            f"this one has {capability[0]}.{capability[1]}: set it to fp8_stored, or to null"
        )
    if dtype != torch.bfloat16:
        raise StudyError(
            f"{setting}.quantisation: fp8 needs {setting}.dtype: bfloat16, and it is {name_of_dtype(dtype)}"
        )
