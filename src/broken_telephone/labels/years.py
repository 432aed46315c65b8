"""Ages in years in what a model wrote: "around 25", "mid-thirties", "70 and above" -> first and last year."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_TENS = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_PART = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}
_PART_OF_TEENS = {"early": (13, 14), "mid": (14, 16), "late": (17, 19), None: (13, 19)}
_END = 120
_OLD = r"(?:[\s-]*(?:years?|yrs?|y/?o)\b(?:[\s-]*(?:old|of age))?)"
_MONTHS = re.compile(
    r"\b(?:\d{1,2}|(?:a )?few|several|some)(?:\s*-\s*\d{1,2})?[\s-]*(?:days?|weeks?|months?)(?:[\s-]*old)?\b"
)
_DECADE = re.compile(rf"\b(?:(early|mid|late)[\s-]*(?:to[\s-]*(mid|late)[\s-]*)?)?(?:(\d0)'?s|({'|'.join(_TENS)}))\b")
_TEENS = re.compile(r"\b(?:(early|mid|late)[\s-]*)?(?:teens|teenagers?|teenaged?|teen|adolescents?)\b")
_RANGE = re.compile(rf"(?<![\w.])(\d{{1,3}}){_OLD}?\s*(?:-|to|and|until)\s*(\d{{1,3}})(?![\w.]*\d){_OLD}?")
_OPEN = re.compile(
    rf"(?:over|above|older than|at least|from)\s+(\d{{1,3}})(?!\s*(?:-|to)\s*\d){_OLD}?|"
    rf"(\d{{1,3}}){_OLD}?\s*(?:\+|(?:and|or)\s+(?:above|older|over|more|up))"
)
_BELOW = re.compile(
    rf"(?:under|below|younger than|less than)\s+(\d{{1,3}}){_OLD}?|(\d{{1,3}}){_OLD}?\s*(?:or|and)\s+(?:under|younger)"
)
_YEARS = re.compile(rf"(?<![\w.-])(\d{{1,3}}){_OLD}")
_NUMBER = re.compile(rf"(?<![\w.-])(\d{{1,3}})(?![\w.]*\d){_OLD}?")


class Span(NamedTuple):
    """First and last year, and where it is written."""

    first: int
    last: int
    start: int
    end: int


def spans(text: str, bare: bool = True) -> list[Span]:
    """Return the ages that a text states, in order; the open end is 120.

    Args:
        text: as `wording.plain` returns it.
        bare: whether a number alone is an age, too, as it is in an answer to a question about age.
    """
    found: list[Span] = []

    def add(match: re.Match[str], first: int, last: int) -> None:
        taken = any(match.start() < span.end and span.start < match.end() for span in found)
        if first <= last <= _END and not taken:
            found.append(Span(first, last, match.start(), match.end()))

    low = text.lower()
    for match in _MONTHS.finditer(low):
        add(match, 0, 1)
    for match in _DECADE.finditer(low):
        part, to, digits, word = match.groups()
        first = int(digits) if digits else 10 * (_TENS.index(word) + 2)
        add(match, first + _PART[part][0] if part else first, first + (_PART[to or part][1] if part else 9))
    for match in _TEENS.finditer(low):
        add(match, *_PART_OF_TEENS[match[1]])
    for match in _RANGE.finditer(low):
        add(match, int(match[1]), int(match[2]))
    for match in _OPEN.finditer(low):
        first = int(match[1] or match[2])
        # "Over 70" is 71 at least; nobody means that.
        add(match, first, _END)
    for match in _BELOW.finditer(low):
        add(match, 0, max(0, int(match[1]) - 1) if match[1] else int(match[2]))
    for match in (_NUMBER if bare else _YEARS).finditer(low):
        add(match, int(match[1]), int(match[1]))
    return sorted(found, key=lambda span: span.start)


def category_of(span: Span, years: Mapping[str, tuple[int, int | None]]) -> str | None:
    """Return the category that holds all of a span; None if it lies in several or in none."""
    for category, (first, last) in years.items():
        if first <= span.first and span.last <= (_END if last is None else last):
            return category
    return None
