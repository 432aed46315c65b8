"""Feeds a given answer to a describer and returns the logits of its tokens (teacher forcing)."""

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

from broken_telephone.models.describers.language_model import (
    as_list,
    cut,
    end_tokens,
    first_tokens,
    per_token,
    writes_apart,
)


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

    first = first_tokens(model)
    longest = max(map(len, answers))
    # Padding stands after the answer, where causal attention ignores it.
    filled = [[*first, *answer, *[answer[-1]] * (longest - len(answer))] for answer in answers]
    ids = torch.tensor(filled, device=inputs["input_ids"].device)
    if writes_apart(model):
        return model(**inputs, labels=ids).logits[:, len(first) :]
    if all(token in as_list(end_tokens(model)) for token in inputs["input_ids"][:, -1].tolist()):
        # The model takes the end off its prompt when it writes.
        inputs = cut(inputs, -1)
    last = {"logits_to_keep": longest + 1} if "logits_to_keep" in signature(model.forward).parameters else {}
    logits = model(**_continued(model, inputs, ids) | last).logits
    return logits[:, -longest - 1 : -1]


def _continued(model: Any, inputs: Mapping[str, Any], ids: Any) -> dict[str, Any]:
    """Return the model's inputs for prompt and answer at once, as the model itself prepares them when it writes.

    Only the model knows what its further inputs with one value per token say about an answer's tokens: for PaliGemma
    1 is text with causal attention, for Gemma 3 a part of a picture.
    """
    import torch
    from transformers.utils import ModelOutput

    kept = {name: value for name, value in inputs.items() if name != "input_ids"}
    for _ in range(ids.shape[1]):
        kept = model._update_model_kwargs_for_generation(ModelOutput(), kept, is_encoder_decoder=False)
    whole = torch.cat([inputs["input_ids"], ids], 1)
    # What the model leaves as it is goes on as at the last token of the prompt, which is text.
    for name in per_token(inputs):
        if name != "input_ids" and (missing := whole.shape[1] - kept[name].shape[1]) > 0:
            kept[name] = torch.cat([kept[name], *[kept[name][:, -1:]] * missing], 1)
    prepared: dict[str, Any] = model.prepare_inputs_for_generation(
        whole, use_cache=False, is_first_iteration=True, **kept
    )
    return prepared
