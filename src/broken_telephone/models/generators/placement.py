"""Moves a pipeline to its device, and compiles its denoiser."""

from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.settings import GeneratorSettings


def place(pipeline: Any, settings: GeneratorSettings, device: str) -> None:
    """Move a pipeline to its device, whole or part by part during use, and compile its denoiser.

    Raises:
        StudyError: if there is no GPU to move parts to, or nothing to compile.
    """
    if settings.offload == "none":
        # With a device map, diffusers has placed the parts already, and refuses to move them.
        if getattr(pipeline, "hf_device_map", None) is None:
            pipeline.to(device)
    elif not device.startswith("cuda"):
        raise StudyError(
            f"generator.offload: {settings.offload} is for GPUs, and the device is {device}: set it to none"
        )
    elif settings.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
    if settings.compile:
        _compile(pipeline)


def _compile(pipeline: Any) -> None:
    parts = [getattr(pipeline, name, None) for name in ("transformer", "unet")]
    denoiser = next((part for part in parts if part is not None), None)
    if denoiser is None:
        raise StudyError(
            f"generator.compile: {type(pipeline).__name__} has neither transformer nor unet: set it to false"
        )
    # Shapes are fixed: a study draws one size in one batch size. A smaller last batch is compiled once more.
    if getattr(denoiser, "_repeated_blocks", None):
        denoiser.compile_repeated_blocks(dynamic=False)
    else:
        denoiser.compile(dynamic=False)
