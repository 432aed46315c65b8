"""Finds words by patterns that a study states: regular expressions of whole words, in any case."""

import re


def check_pattern(pattern: str) -> None:
    """Check a pattern.

    Raises:
        ValueError: if it is no regular expression, or matches a text without a word; the message names the pattern.
    """
    try:
        compiled = _compiled(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression ({error})") from None
    if compiled.search("") or compiled.search(" ."):
        raise ValueError(f"{pattern!r} matches a text without a word")


def find_pattern(text: str, pattern: str) -> list[tuple[int, int]]:
    """Return start and end of every whole word, or sequence of words, that matches a pattern.

    Negated words count, unlike those that name labels: what is explained is the word, not a claim about the person.
    """
    return [match.span() for match in _compiled(pattern).finditer(text) if match.group().strip()]


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)
