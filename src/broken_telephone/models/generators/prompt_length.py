"""Finds the prompts that a pipeline cuts off."""

import inspect
from typing import Any


def truncated_prompts(pipeline: Any, arguments: dict[str, Any], prompts: list[str]) -> list[bool]:
    """Return for every prompt whether each of the pipeline's text encoders cuts it off.

    In SD 3 and FLUX the CLIP encoders read 77 tokens and T5 reads more: a prompt that T5 reads is not cut off.

    Args:
        pipeline: a diffusers pipeline.
        arguments: what it is called with.
        prompts: the texts to draw.
    """
    parameters = inspect.signature(pipeline.__call__).parameters
    default = parameters["max_sequence_length"].default if "max_sequence_length" in parameters else None
    called_with: Any = arguments.get("max_sequence_length", default)
    cuts = []
    for name, tokenizer in pipeline.components.items():
        # Such as tokenizer_2, and prior_tokenizer of a pipeline with a prior.
        encoder = getattr(pipeline, name.replace("tokenizer", "text_encoder"), None)
        if "tokenizer" not in name or tokenizer is None or encoder is None:
            continue
        # CLIP reads as many tokens as it has positions, whatever the call says.
        fixed = called_with is None or "CLIP" in type(tokenizer).__name__
        limit: int = tokenizer.model_max_length if fixed else called_with
        cuts.append([len(tokenizer(prompt, verbose=False).input_ids) > limit for prompt in prompts])
    return [all(by_encoder) for by_encoder in zip(*cuts, strict=True)] if cuts else [False] * len(prompts)
