"""Reads properties of a describer's language model from its configuration: end tokens, special tokens."""

from collections.abc import Mapping, Sequence
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


def writes_apart(model: Any) -> bool:
    """Return whether the model is an encoder-decoder, whose answer does not continue the prompt."""
    return bool(getattr(model.config.get_text_config(), "is_encoder_decoder", False))


def first_tokens(model: Any) -> list[int]:
    """Return the tokens that an encoder-decoder is forced to write before its answer, such as BART's `<s>`."""
    forced = model.generation_config.forced_bos_token_id if writes_apart(model) else None
    return [] if forced is None else [forced]


def end_tokens(model: Any) -> int | list[int] | None:
    """Return the end tokens; those of the language model if the generation config names none.

    Models with a separator, such as BLIP, end with that.
    """
    language = model.config.get_text_config()
    ends = model.generation_config.eos_token_id
    ends = language.eos_token_id if ends is None else ends
    separator = getattr(language, "sep_token_id", None)
    return ends if separator is None or separator in as_list(ends) else [*as_list(ends), separator]


def use_cache(model: Any, used: bool) -> None:
    """Let every part of a model write with or without its cache of keys and values."""
    for part in model.modules():
        if getattr(part, "generation_config", None) is not None:
            part.generation_config.use_cache = used


def name_ends(model: Any) -> None:
    """Let every part of a model that writes end at the model's end tokens."""
    ends = end_tokens(model)
    for part in model.modules():
        if getattr(part, "generation_config", None) is not None:
            part.generation_config.eos_token_id = ends


def end_token(model: Any, tokenizer: Any) -> int:
    """Return the token that ends an answer: the tokenizer's own if it is one of the model's end tokens."""
    ends = as_list(end_tokens(model))
    return tokenizer.eos_token_id if tokenizer.eos_token_id in ends or not ends else ends[0]


def _special_tokens(tokenizer: Any) -> dict[int, str]:
    """Return the tokens that `skip_special_tokens` would remove, by id."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    named = zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True)
    return dict(named) | {token: str(word) for token, word in added.items() if word.special}


def length_before(output: Any, prompt: Any, ends: Sequence[int]) -> int:
    """Return where the new tokens begin: after the prompt or, in an encoder-decoder, after the start token.

    BLIP takes an end token off its prompt.
    """
    # Found by length, not by text: a prompt does not decode to itself.
    length = prompt.shape[1] - (int(prompt[0, -1]) in ends)
    return length if output.shape[1] >= length and bool((output[:, :length] == prompt[:, :length]).all()) else 1


def per_token(inputs: Mapping[str, Any]) -> list[str]:
    """Return the names of inputs with one value per token, told by their shape: every family has names of its own."""
    shape = inputs["input_ids"].shape
    return [name for name, value in inputs.items() if value.shape[:2] == shape and not value.is_floating_point()]


def cut(inputs: Mapping[str, Any], until: int | None) -> dict[str, Any]:
    """Return inputs with the first tokens of the prompt only; `until` is the end of a slice."""
    return dict(inputs) | {name: inputs[name][:, :until] for name in per_token(inputs)}


def as_list(ids: int | list[int] | None) -> list[int]:
    """Return token ids as a list: a model may name several, one or none."""
    return ids if isinstance(ids, list) else [] if ids is None else [ids]
