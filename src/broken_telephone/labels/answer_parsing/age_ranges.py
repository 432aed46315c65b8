"""Finds ages in text, such as "around 25", "mid-thirties" or "70 and above", as first and last year."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_TENS = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_PART = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}
_PART_OF_TEENS = {"early": (13, 14), "mid": (14, 16), "late": (17, 19), None: (13, 19)}
_END = 120
_OLD = r"(?:[\s-]*(?:years?|yrs?|y/?o)\b(?:[\s-]*(?:old|of age))?)"
_MONTHS = re.compile(
    r"\b(?:(\d{1,2})(?:\s*(?:-|to)\s*(\d{1,2}))?|(?:a )?few|several|some)[\s-]*(?:days?|weeks?|(months?))"
    r"(?:[\s-]*old)?\b"
)
_DECADE = re.compile(rf"\b(?:(early|mid|late)[\s-]*(?:to[\s-]*(mid|late)[\s-]*)?)?(?:(\d0)'?s|({'|'.join(_TENS)}))\b")
_TEENS = re.compile(r"\b(?:(early|mid|late)[\s-]*)?(?:teens|teenagers?|teenaged?|teen|adolescents?)\b")
_RANGE = re.compile(rf"(?<![\w.])(\d{{1,3}}){_OLD}?\s*(?:-|to|and|until)\s*(\d{{1,3}})(?![\w.]*\d){_OLD}?")
_ALONE = rf"\s*(?:the age of\s+)?(\d{{1,3}})(?!\d|\s*(?:-|to)\s*\d){_OLD}?"
_NOT = r"(?:\bno|\bnot|n't)\s+"
# Each bound has an offset in years: "not yet 14" means 13 at most. Negated bounds come first, because "no older than 3"
# contains "older than 3".
_FIRST, _LAST, _NEAR = "first", "last", "near"
_BOUNDS = (
    (_NEAR, -1, re.compile(rf"\b(?:nearly|almost|not quite|just (?:under|below)){_ALONE}")),
    (_NEAR, 0, re.compile(rf"\bjust (?:over|above|past){_ALONE}")),
    (_FIRST, 0, re.compile(rf"(?:\bat least|\bfrom|{_NOT}(?:younger|less) than|>=|≥){_ALONE}")),
    (_LAST, 0, re.compile(rf"(?:\bat most|\bup to|{_NOT}(?:(?:older|more) than|over)|<=|≤){_ALONE}")),
    (_FIRST, 0, re.compile(rf"(\d{{1,3}}){_OLD}?\s*(?:\+|plus\b|(?:and|or)\s+(?:above|older|over|more|up))")),
    (_LAST, 0, re.compile(rf"(\d{{1,3}}){_OLD}?\s*(?:or|and)\s+(?:under|younger|below|less)")),
    (_FIRST, 1, re.compile(rf"(?:\b(?:over|above|past|(?:older|more) than)|(?<![-=])>){_ALONE}")),
    (_LAST, -1, re.compile(rf"(?:\b(?:under|below|(?:younger|less) than|not yet)|<){_ALONE}")),
)
# "Older than 3 but not yet 14" is one range.
_BOTH = re.compile(r"[\s,]*(?:(?:and|but|yet)\s+)?")
_YEARS = re.compile(rf"(?<![\w.-])(\d{{1,3}}){_OLD}")
_NUMBER = re.compile(rf"(?<![\w.-])(\d{{1,3}})(?![\w.]*\d){_OLD}?")


class AgeRange(NamedTuple):
    """The first and last year of an age, and its position in the text."""

    first: int
    last: int
    start: int
    end: int


def find_age_ranges(text: str, bare: bool = True) -> list[AgeRange]:
    """Return the ages that a text states, in order. An open end is 120.

    Args:
        text: text as `word_search.normalise` returns it.
        bare: whether a number alone is an age, as in an answer to a question about age.
    """
    ranges: list[AgeRange] = []

    def add(match: re.Match[str], first: int, last: int) -> None:
        taken = any(match.start() < span.end and span.start < match.end() for span in ranges)
        if first <= last <= _END and not taken:
            ranges.append(AgeRange(first, last, match.start(), match.end()))

    low = text.lower()
    for match in _MONTHS.finditer(low):
        first, last, months = match.groups()
        counted = [int(number) // 12 for number in (first, last or first) if number and months]
        add(match, *(counted or (0, 1)))
    for match in _DECADE.finditer(low):
        part, to, digits, word = match.groups()
        first = int(digits) if digits else 10 * (_TENS.index(word) + 2)
        add(match, first + _PART[part][0] if part else first, first + (_PART[to or part][1] if part else 9))
    for match in _TEENS.finditer(low):
        add(match, *_PART_OF_TEENS[match[1]])
    for match in _RANGE.finditer(low):
        add(match, int(match[1]), int(match[2]))
    for side, more, pattern in _BOUNDS:
        for match in pattern.finditer(low):
            year = int(match[1]) + more
            add(match, 0 if side == _LAST else year, _END if side == _FIRST else year)
    for match in (_NUMBER if bare else _YEARS).finditer(low):
        add(match, int(match[1]), int(match[1]))
    return _join_bounds(sorted(ranges, key=lambda span: span.start), low)


def _join_bounds(ranges: list[AgeRange], text: str) -> list[AgeRange]:
    """Merge a lower and an upper bound that stand side by side into one range."""
    joined: list[AgeRange] = []
    for span in ranges:
        before = joined[-1] if joined else span
        first, last = max(before.first, span.first), min(before.last, span.last)
        bounds = 0 in (before.first, span.first) and _END in (before.last, span.last)
        if joined and bounds and first <= last and _BOTH.fullmatch(text[before.end : span.start]):
            joined[-1] = AgeRange(first, last, before.start, span.end)
        else:
            joined.append(span)
    return joined


def age_category(span: AgeRange, years: Mapping[str, tuple[int, int | None]]) -> str | None:
    """Return the category that contains a whole age range; None if no single category does."""
    for category, (first, last) in years.items():
        if first <= span.first and span.last <= (_END if last is None else last):
            return category
    return None
