"""Properties of a describer's language model: end tokens, special tokens, reading order."""

from collections.abc import Sequence
from typing import Any

from broken_telephone.labels.answer_parsing.thinking_marks import is_mark


def marked_text(tokenizer: Any, tokens: Sequence[int]) -> str:
    """Decode tokens without special ones, save for the marks of a thought.

    These are special in many tokenizers, and without them a thought would read as the answer.
    """
    special = _special_tokens(tokenizer)
    shown = [token for token in tokens if token not in special or is_mark(special[token])]
    text: str = tokenizer.decode(shown, skip_special_tokens=False)
    return text


def picture_token(model: Any) -> int | None:
    """Return the token that stands for parts of a picture."""
    config = model.config
    found: int | None = getattr(config, "image_token_id", getattr(config, "image_token_index", None))
    return found


def reads_prompts_both_ways(model: Any) -> bool:
    """Return whether a prompt's first tokens depend on its later ones, so that prompts share nothing."""
    return str(model.config.model_type) in ("paligemma",)


def writes_apart(model: Any) -> bool:
    """Return whether an answer does not go on from the prompt: in an encoder-decoder it begins anew."""
    return bool(getattr(model.config.get_text_config(), "is_encoder_decoder", False))


def end_tokens(model: Any) -> int | list[int] | None:
    """Return the end tokens; those of the language model where the whole names none."""
    found = model.generation_config.eos_token_id
    return model.config.get_text_config().eos_token_id if found is None else found


def end_token(model: Any, tokenizer: Any) -> int:
    """Return the token that ends an answer: the tokenizer's own, if the model ends with it."""
    ends = as_list(end_tokens(model))
    return tokenizer.eos_token_id if tokenizer.eos_token_id in ends or not ends else ends[0]


def _special_tokens(tokenizer: Any) -> dict[int, str]:
    """Return what `skip_special_tokens` would take away, by id."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    named = zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True)
    return dict(named) | {token: str(word) for token, word in added.items() if word.special}


def length_before(output: Any, prompt: Any) -> int:
    """Return where the new tokens begin: behind the prompt, or, in an encoder-decoder, behind the start token."""
    # By length, not by searching the text: a prompt does not decode to itself.
    length: int = prompt.shape[1]
    return length if output.shape[1] >= length and bool((output[:, :length] == prompt).all()) else 1


def as_list(ids: int | list[int] | None) -> list[int]:
    """Return token ids, however many a model names."""
    return ids if isinstance(ids, list) else [] if ids is None else [ids]
