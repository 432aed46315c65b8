"""Fills in a form by choosing the most likely option of each line, instead of writing."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

from broken_telephone.models.describers.closed_form import Prefix, continuation

END_OF_LINE = "\n"


def fill_in(
    prefix: Prefix,
    pictures: int,
    tokenizer: Any,
    before: str | None,
    start: str,
    lines: Sequence[Sequence[str]],
    end: int,
) -> list[list[list[float]]]:
    """Return the log-likelihood of every option of every line, for each picture.

    A line is scored as it would be written: after the picture, the prompt, and the most likely option of each line
    before. If an option is a prefix of another ("adult" and "adult man"), all options of the line are scored with the
    end of the line, so that the shorter has no advantage. Likelihoods are not normalised by length.

    Args:
        prefix: the pictures and the prompt, which the model has read.
        pictures: the number of pictures.
        tokenizer: the tokenizer of the model.
        before: the prompt, see `continuation`.
        start: the text between the prompt and the answer.
        lines: the options of each line as they would be written, at least one.
        end: the token that ends an answer.

    Returns:
        Per picture, line and option: the natural logarithm of its likelihood.
    """
    written = [start] * pictures
    scores: list[list[list[float]]] = [[] for _ in written]
    for number, options in enumerate(lines):
        closing, last = ("", [end]) if number == len(lines) - 1 else (END_OF_LINE, [])
        lengths = {text: len(continuation(tokenizer, before, text)) if number else 0 for text in set(written)}
        tokens = {text: _tokens(tokenizer, before, text, options, closing, last) for text in lengths}
        likelihoods = prefix.log_likelihoods([tokens[text] for text in written])
        for picture, rows in enumerate(likelihoods):
            own = [sum(row[lengths[written[picture]] :]) for row in rows]
            scores[picture].append(own)
            written[picture] += options[own.index(max(own))] + closing
    return scores


def _tokens(
    tokenizer: Any, before: str | None, text: str, options: Sequence[str], closing: str, last: list[int]
) -> list[list[int]]:
    """Return the tokens to score for each option: the text so far, the option and, if needed, the end of its line."""
    tokens = [continuation(tokenizer, before, text + option) for option in options]
    if any(a != b and b[: len(a)] == a for a, b in permutations(tokens, 2)):
        tokens = [continuation(tokenizer, before, text + option + closing) + last for option in options]
    return tokens
