"""Decides whether a denoiser is compiled, and compiles the blocks that it repeats."""

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.generators.denoiser import denoiser_of, repeated_blocks
from broken_telephone.models.generators.speed.cuda_graphs import replay_as_graph
from broken_telephone.models.settings import GeneratorSettings

PAYS_FROM = 1000
"""Pictures of a study from which a GPU compiles. Compiling takes minutes, whatever the number of pictures."""
_CACHE = "TORCHINDUCTOR_CACHE_DIR"


def reason_against(settings: GeneratorSettings, device: str, pictures: int | None, batch: int | None) -> str | None:
    """Return why a denoiser is not compiled, in words; None if it is.

    With `compile: on` or `graphs` it always is. The decision depends on the whole study, not on what is left of it, so
    that a study that was interrupted goes on as it began.

    Args:
        settings: of the generator.
        device: that it runs on.
        pictures: that the study draws in all; None if that is unknown.
        batch: how many at once; None if the size is found in the run.
    """
    if settings.compile in {"on", "graphs"}:
        return None
    if settings.compile == "off":
        return "compile is off"
    if not device.startswith("cuda"):
        return "on a CPU it gains less than its replaced operations do, and it takes a minute"
    if settings.offload == "sequential":
        return "offload is sequential"
    if settings.step_cache is not None or settings.quantisation == "fp8_stored":
        return "step_cache and quantisation: fp8_stored change the blocks at every step"
    if batch is None:
        return "the batch size is not stated (loop.draw_batch), and every size is compiled anew"
    if pictures is None or pictures < PAYS_FROM:
        return f"it pays from {PAYS_FROM} pictures"
    return missing_compiler(device)


def missing_compiler(device: str) -> str | None:
    """Return what this machine lacks to compile, in words; None if nothing."""
    if device.startswith("cuda") and importlib.util.find_spec("triton") is None:
        return "the package triton is not installed"
    # triton compiles a small part of its kernels' launch by the C compiler.
    wanted = (os.environ.get("CXX"), "g++", "clang++") if device == "cpu" else (os.environ.get("CC"), "gcc", "clang")
    if not any(name is not None and shutil.which(name) for name in wanted):
        return f"no compiler was found ({' or '.join(name for name in wanted if name)})"
    return None


def compile_denoiser(pipeline: Any, device: str, graphs: bool, setting: str) -> None:
    """Compile the blocks of a pipeline's denoiser for fixed shapes. Compiled kernels are kept for later runs.

    Args:
        pipeline: on its device.
        device: that it is on.
        graphs: whether the denoiser is compiled as a whole, and replayed as a CUDA graph.
        setting: the name of the model's settings in the study, for errors.

    Raises:
        StudyError: if there is no denoiser, no compiler, or no GPU for graphs.
    """
    denoiser = denoiser_of(pipeline)
    if denoiser is None:
        raise StudyError(
            f"{setting}.compile: {type(pipeline).__name__} has neither transformer nor unet: set it to off"
        )
    if graphs and not device.startswith("cuda"):
        raise StudyError(f"{setting}.compile: graphs is for CUDA GPUs, and the device is {device}: set it to auto")
    lacking = missing_compiler(device)
    if lacking is not None:
        raise StudyError(f"{setting}.compile: {lacking}: install it, or set it to off")
    # torch's own place is in /tmp, which is empty after a restart.
    os.environ.setdefault(_CACHE, str(_user_cache() / "broken_telephone" / "compiled"))
    if graphs:
        replay_as_graph(denoiser)
        return
    blocks = repeated_blocks(denoiser)
    for block in blocks or [denoiser]:
        block.compile(dynamic=False)


def undo(pipeline: Any) -> None:
    """Let a pipeline's denoiser run uncompiled again."""
    for module in getattr(denoiser_of(pipeline), "modules", list)():
        module._compiled_call_impl = None


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
