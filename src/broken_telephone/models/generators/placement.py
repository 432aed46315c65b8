"""Moves a pipeline to its device."""

from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.settings import GeneratorSettings


def place(pipeline: Any, settings: GeneratorSettings, device: str, setting: str) -> None:
    """Move a pipeline to its device, whole or part by part during use.

    Args:
        pipeline: of diffusers.
        settings: of the model.
        device: the device.
        setting: the name of the settings in the study, for errors.

    Raises:
        StudyError: if there is no GPU to move parts to.
    """
    if settings.offload == "none":
        # With a device map, diffusers has placed the parts already, and refuses to move them.
        if getattr(pipeline, "hf_device_map", None) is None:
            pipeline.to(device)
    elif not device.startswith("cuda"):
        raise StudyError(
            f"{setting}.offload: {settings.offload} is for GPUs, and the device is {device}: set it to none"
        )
    elif settings.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
