"""Converts number words about ages to digits: "less than two years old" becomes "less than 2 years old"."""

import re

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_SMALL = (*_ONES, "ten", "eleven", "twelve", *_TEENS)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: value for value, word in enumerate(_SMALL, 1)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
_NUMBER = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(_ONES)}))?|(?:{'|'.join(_SMALL)}))"
# Small numbers also count people and objects, so they need a word nearby that marks an age.
_AGE = re.compile(
    rf"\b(?:(?<=than )|(?<=under )|(?<=over )|(?<=aged )|(?=(?:{'|'.join(_TENS)})\b)){_NUMBER}\b|"
    rf"\b{_NUMBER}\b(?=(?:\s*(?:-|to|or|and)\s*{_NUMBER})?[\s-]*(?:years?|yrs?|months?|weeks?|days?)\b)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"\ban?(?= (?:year|month|week|day)\b)", re.IGNORECASE)


def words_to_digits(text: str) -> str:
    """Return a text in which number words that are ages are written in digits."""
    return _AGE.sub(lambda match: str(_value(match.group())), _ARTICLE.sub("1", text))


def _value(words: str) -> int:
    return sum(_VALUES[word] for word in re.split(r"[\s-]", words.lower()))
