"""Chooses the library that computes the attention of a pipeline's transformer."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from broken_telephone.errors import StudyError

_BACKENDS = {"cudnn": "_native_cudnn", "flash": "flash", "flash_3": "_flash_3"}
"""Setting -> backend of diffusers.

Left out are approximations such as SageAttention, and the `…_hub` backends, which download compiled code.
"""
_PACKAGES = {"flash": "flash-attn", "flash_3": "flash-attn-3"}


def choose_attention(pipeline: Any, name: str, device: str, setting: str) -> None:
    """Let the attention of a pipeline's transformer be computed by a named library.

    Args:
        pipeline: of diffusers.
        name: the library, see `GeneratorSettings`.
        device: that the pipeline will run on.
        setting: the name of the model's settings in the study, for errors.

    Raises:
        StudyError: if there is no GPU, the library is not installed, or the pipeline lets nothing be chosen.
    """
    if not device.startswith("cuda"):
        raise StudyError(f"{setting}.attention: {name} is for CUDA GPUs, and the device is {device}: set it to null")
    set_backend(pipeline, name, setting)


def set_backend(pipeline: Any, name: str, setting: str) -> None:
    """Set the backend of a pipeline's transformer; see `choose_attention`.

    Raises:
        StudyError: if the library is not installed, or the pipeline lets nothing be chosen.
    """
    from diffusers.models.attention_dispatch import attention_backend

    stated = f"{setting}.attention: {name}"
    transformer: Any = getattr(pipeline, "transformer", None)
    choosable = [part for part in _processors(transformer) if hasattr(part, "_attention_backend")]
    if not choosable:
        raise StudyError(
            f"{stated}: {type(pipeline).__name__} has no attention that diffusers lets choose: set it to null. "
            "torch then chooses the fastest of its own"
        )
    try:
        # diffusers changes a choice for the whole process as well, which ends with this block.
        with attention_backend("native"):
            transformer.set_attention_backend(_BACKENDS[name])
    except RuntimeError as error:
        raise StudyError(f"{stated} cannot be used here ({_installed(name)}): {error}") from error


def _processors(transformer: Any) -> list[Any]:
    modules = [] if transformer is None else transformer.modules()
    return [module.processor for module in modules if getattr(module, "processor", None) is not None]


def _installed(name: str) -> str:
    package = _PACKAGES.get(name)
    if package is None:
        return "it is a part of torch"
    try:
        return f"{package} {version(package)} is installed"
    except PackageNotFoundError:
        return f"the package {package} is not installed"
