"""Fills in a form by choosing, line by line, instead of writing: how likely is each option of each line?"""

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

    A line is judged as it would be written: after the picture, the prompt, and the likeliest option of each line
    before. Where an option begins another ("adult" and "adult man"), all options of the line count with its end, so
    that the shorter has no advantage. Options are not evened out by their length.

    Args:
        prefix: pictures and the prompt, as the model has read them.
        pictures: how many.
        tokenizer: of the model.
        before: the prompt, see `continuation`.
        start: what stands between it and the answer.
        lines: for each line the options as they would be written, at least one.
        end: the token that ends an answer.

    Returns:
        Per picture, line and option: the natural logarithm of its likelihood.
    """
    written = [start] * pictures
    found: list[list[list[float]]] = [[] for _ in written]
    for number, options in enumerate(lines):
        closing, last = ("", [end]) if number == len(lines) - 1 else (END_OF_LINE, [])
        known = {text: len(continuation(tokenizer, before, text)) if number else 0 for text in set(written)}
        tokens = {text: _tokens(tokenizer, before, text, options, closing, last) for text in known}
        likelihoods = prefix.log_likelihoods([tokens[text] for text in written])
        for picture, rows in enumerate(likelihoods):
            own = [sum(row[known[written[picture]] :]) for row in rows]
            found[picture].append(own)
            written[picture] += options[own.index(max(own))] + closing
    return found


def _tokens(
    tokenizer: Any, before: str | None, text: str, options: Sequence[str], closing: str, last: list[int]
) -> list[list[int]]:
    """Return what is weighed for each option: the text so far, the option and, if need be, the end of its line."""
    found = [continuation(tokenizer, before, text + option) for option in options]
    if any(a != b and b[: len(a)] == a for a, b in permutations(found, 2)):
        found = [continuation(tokenizer, before, text + option + closing) + last for option in options]
    return found
