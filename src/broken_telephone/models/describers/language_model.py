"""Reads properties of a describer's language model: end tokens, special tokens, attention."""

from collections.abc import Sequence
from typing import Any

from broken_telephone.labels.answer_parsing.thinking_marks import is_mark


def marked_text(tokenizer: Any, tokens: Sequence[int]) -> str:
    """Decode tokens without special ones, except for the marks of a thought.

    The marks are special in many tokenizers. Without them a thought would be taken for the answer.
    """
    special = _special_tokens(tokenizer)
    shown = [token for token in tokens if token not in special or is_mark(special[token])]
    text: str = tokenizer.decode(shown, skip_special_tokens=False)
    return text


def picture_token(model: Any) -> int | None:
    """Return the token that stands for parts of a picture."""
    config = model.config
    token: int | None = getattr(config, "image_token_id", getattr(config, "image_token_index", None))
    return token


def reads_prompts_both_ways(model: Any) -> bool:
    """Return whether attention inside a prompt is bidirectional, so that prompts cannot share a prefix."""
    return str(model.config.model_type) in ("paligemma",)


def writes_apart(model: Any) -> bool:
    """Return whether the model is an encoder-decoder, whose answer does not continue the prompt."""
    return bool(getattr(model.config.get_text_config(), "is_encoder_decoder", False))


def end_tokens(model: Any) -> int | list[int] | None:
    """Return the end tokens; those of the language model if the generation config names none."""
    ends = model.generation_config.eos_token_id
    return model.config.get_text_config().eos_token_id if ends is None else ends


def end_token(model: Any, tokenizer: Any) -> int:
    """Return the token that ends an answer: the tokenizer's own if it is one of the model's end tokens."""
    ends = as_list(end_tokens(model))
    return tokenizer.eos_token_id if tokenizer.eos_token_id in ends or not ends else ends[0]


def _special_tokens(tokenizer: Any) -> dict[int, str]:
    """Return the tokens that `skip_special_tokens` would remove, by id."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    named = zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True)
    return dict(named) | {token: str(word) for token, word in added.items() if word.special}


def length_before(output: Any, prompt: Any) -> int:
    """Return where the new tokens begin: after the prompt or, in an encoder-decoder, after the start token."""
    # Found by length, not by text: a prompt does not decode to itself.
    length: int = prompt.shape[1]
    return length if output.shape[1] >= length and bool((output[:, :length] == prompt).all()) else 1


def as_list(ids: int | list[int] | None) -> list[int]:
    """Return token ids as a list: a model may name several, one or none."""
    return ids if isinstance(ids, list) else [] if ids is None else [ids]
