"""A text that a describer is made to read as its own, and how likely each of its tokens is."""

from collections.abc import Sequence
from inspect import signature
from typing import Any

_FILLING = {"attention_mask": 1, "mm_token_type_ids": 0, "token_type_ids": 1}
"""What an answer's tokens get in the inputs that have one value a token: they are text, which looks back only."""


def read_on(model: Any, inputs: dict[str, Any], answers: Sequence[Sequence[int]]) -> Any:
    """Return the logits by which a model would write answers.

    Args:
        model: any image-text-to-text model of transformers.
        inputs: of n pictures and prompts, as its processor makes them; no row is padded.
        answers: n lists of token ids.

    Returns:
        (n, length of the longest, vocabulary): those at place k are for token k; behind shorter answers of no meaning.
    """
    import torch

    longest = max(map(len, answers))
    # Filled up behind, where no token of the answer looks.
    filled = [[*answer, *[answer[-1]] * (longest - len(answer))] for answer in answers]
    ids = torch.tensor(filled, device=inputs["input_ids"].device)
    if bool(getattr(model.config.get_text_config(), "is_encoder_decoder", False)):
        return model(**inputs, labels=ids).logits
    told = dict(inputs)
    told["input_ids"] = torch.cat([inputs["input_ids"], ids], 1)
    for name, value in _FILLING.items():
        if name in told:
            told[name] = torch.cat([told[name], torch.full_like(ids, value)], 1)
    last = {"logits_to_keep": longest + 1} if "logits_to_keep" in signature(model.forward).parameters else {}
    logits = model(**told, use_cache=False, **last).logits
    return logits[:, -longest - 1 : -1]
