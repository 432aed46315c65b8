"""Determines how many tokens an encoder reads, and which texts have more."""

from typing import Any

from broken_telephone.errors import StudyError


def longest_text(tokenizer: Any, config: Any, setting: str, stated: int | None = None) -> int:
    """Return how many tokens an encoder reads, special ones included.

    Args:
        tokenizer: a tokenizer of transformers.
        config: the configuration of the encoder.
        setting: the model's name in the study, for the error.
        stated: the limit that the study states.

    Raises:
        StudyError: if none of them gives a limit.
    """
    places = getattr(config, "max_position_embeddings", None)
    # A tokenizer that does not know its limit gives an absurdly large number.
    known = tokenizer.model_max_length if tokenizer.model_max_length < 10**9 else None
    limits = [limit for limit in (stated, known, places) if limit is not None]
    if not limits:
        raise StudyError(f"Neither tokenizer nor model says how long a text may be: state it as {setting}.max_tokens")
    return int(min(limits))


def too_long(tokenizer: Any, texts: list[str], limit: int) -> list[bool]:
    """Return for every text whether it has more tokens than the limit, special ones included."""
    return [len(tokens) > limit for tokens in tokenizer(texts, verbose=False).input_ids]
