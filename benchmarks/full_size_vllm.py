"""Descriptions by vLLM, with random weights of the same shape, for `full_size.py`."""

import importlib.util
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from broken_telephone.models.describers.transformers_describer import TransformersDescriber

START = 150.0
"""Seconds that vLLM may take to start: it compiles, and records CUDA graphs."""
_MEMORY = 0.6
"""Share of the GPU's memory that vLLM takes."""
_PROMPT_TOKENS = 4096
"""Upper limit of the tokens of a picture and the prompt."""


def reason_against() -> str | None:
    """Return why vLLM cannot be compared with here; None if it can."""
    if importlib.util.find_spec("vllm") is None:
        return "the package vllm is not installed"
    return None if torch.cuda.is_available() else "there is no CUDA GPU"


def save_shape(describer: TransformersDescriber, folder: Path) -> None:
    """Save the configuration of a loaded describer and its processor, without weights."""
    model, processor = describer._loaded
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    processor.save_pretrained(folder)


def seconds_per_description(folder: Path, images: Sequence[Image.Image], prompt: str, tokens: int, dtype: str) -> float:
    """Describe pictures by vLLM, which batches by itself, and return the seconds a description.

    Starting it is not counted, nor a first description.

    Args:
        folder: made by `save_shape`.
        images: one more than are counted.
        prompt: what the describer is asked, with the place of the picture.
        tokens: of each description.
        dtype: of the weights.
    """
    from vllm import LLM, SamplingParams

    engine = LLM(
        model=str(folder),
        load_format="dummy",
        dtype=dtype,
        max_model_len=_PROMPT_TOKENS + tokens,
        gpu_memory_utilization=_MEMORY,
        limit_mm_per_prompt={"image": 1},
        enable_prefix_caching=False,
    )
    options = SamplingParams(temperature=0.0, max_tokens=tokens, min_tokens=tokens, ignore_eos=True)
    first, *counted = [{"prompt": prompt, "multi_modal_data": {"image": image}} for image in images]
    engine.generate([first], options)
    began = time.perf_counter()
    answers = engine.generate(counted, options)
    seconds = time.perf_counter() - began
    lengths = {len(answer.outputs[0].token_ids) for answer in answers}
    if lengths != {tokens}:
        raise SystemExit(f"vLLM wrote {sorted(lengths)} tokens instead of {tokens}: its times would say little")
    return seconds / len(counted)
