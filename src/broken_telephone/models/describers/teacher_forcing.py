"""Feeds a given answer to a describer and returns the logits of its tokens (teacher forcing)."""

from collections.abc import Sequence
from inspect import signature
from typing import Any

from broken_telephone.models.describers.language_model import writes_apart

_FILLING = {"attention_mask": 1, "mm_token_type_ids": 0, "token_type_ids": 1}
"""Values of an answer's tokens in inputs with one value per token: they are text with causal attention."""


def read_on(model: Any, inputs: dict[str, Any], answers: Sequence[Sequence[int]]) -> Any:
    """Return the logits of a model for the tokens of given answers.

    Args:
        model: any image-text-to-text model of transformers.
        inputs: the processor's output for n pictures and prompts; no row is padded.
        answers: n lists of token ids.

    Returns:
        (n, length of the longest, vocabulary). Position k belongs to token k; positions after a shorter answer have no
        meaning.
    """
    import torch

    longest = max(map(len, answers))
    # Padding stands after the answer, where causal attention ignores it.
    filled = [[*answer, *[answer[-1]] * (longest - len(answer))] for answer in answers]
    ids = torch.tensor(filled, device=inputs["input_ids"].device)
    if writes_apart(model):
        return model(**inputs, labels=ids).logits
    extended = dict(inputs)
    extended["input_ids"] = torch.cat([inputs["input_ids"], ids], 1)
    for name, value in _FILLING.items():
        if name in extended:
            extended[name] = torch.cat([extended[name], torch.full_like(ids, value)], 1)
    last = {"logits_to_keep": longest + 1} if "logits_to_keep" in signature(model.forward).parameters else {}
    logits = model(**extended, use_cache=False, **last).logits
    return logits[:, -longest - 1 : -1]
