"""Finds whole words in what a model wrote, longest first, and detects negation."""

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

_DASHES = re.compile("[\u2010-\u2015\u2212]")
# A tag has a closing tag or is one of those that need none; other words in angle brackets are part of the answer.
_TAGS = re.compile(
    r"<([a-zA-Z]\w*)\b[^<>]*>(?=.*</\1>)|</[^<>]*>|<(?:br|hr|p|li|s|bos|eos|pad|unk|image|img)\b[^<>]*>|<\|[^<>]*\|>",
    re.IGNORECASE | re.DOTALL,
)
_ANGLES = re.compile(r"<([^<>\n]+)>")
_QUOTED = re.compile(r"^(?:> ?)+(?!\d)", re.MULTILINE)
_BOLD = re.compile(r"</?(?:b|strong|u|mark|em|i)>|__(?=\S)|(?<=\S)__", re.IGNORECASE)
_KEYCAPS = re.compile("(\\d)\ufe0f?\u20e3\\s*")
# Up to four words may stand between a negation and the negated word: "not a very happy", "neither sad nor".
_NEGATED = re.compile(
    r"(?:\b(?:not|no(?! doubt)|never|neither|nor|without(?! (?:a )?doubt)|than|instead of|lacks?|lacking|absence of|"
    r"unlike)|n't(?! (?:hide|contain|help))|\bcannot(?! (?:hide|contain|help)))"
    r"(?:[\s-]+(?!(?:but|because|since|just|only|and|looks|appears|seems|shows|feels|is|are|with|who)\b)[\w'/-]+){0,4}?"
    r"[\s-]+$"
)
_BREAKS = re.compile(r"[.;:!?\n]|,(?!\s*(?:or|nor)\b)|\bbut\b|\bthough\b|\balthough\b")


class WordMatch(NamedTuple):
    """A word that stands for a category."""

    category: str
    start: int
    end: int


def normalise(text: str) -> str:
    """Return text with plain characters, without tags, and with ** for all emphasis; line breaks stay."""
    text = _KEYCAPS.sub(r"\1. ", html.unescape(text))
    text = _TAGS.sub(" ", _BOLD.sub("**", unicodedata.normalize("NFKC", text)))
    text = _QUOTED.sub("", _ANGLES.sub(r"[\1]", text))
    return normalise_characters(text)


def normalise_characters(text: str) -> str:
    """Return text with plain quotes, dashes and spaces; line breaks stay."""
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u201c", '"').replace("\u201d", '"')
    return re.sub(r"[^\S\n]+", " ", text).strip()


def find_words(text: str, words: Mapping[str, str]) -> list[WordMatch]:
    """Return the words that stand for categories, in order, without negated ones.

    A known word inside a longer known word does not count: "young adult" is not "adult".

    Args:
        text: text as `normalise` returns it; case does not matter.
        words: word -> category. A space or a hyphen in a word matches either.
    """
    return [match for match in find_all_words(text, words) if not is_negated(text, match.start)]


def find_all_words(text: str, words: Mapping[str, str]) -> list[WordMatch]:
    """Return what `find_words` does, with negated words.

    Args:
        text: text as `normalise` returns it; case does not matter.
        words: word -> category.
    """
    if not words:
        return []
    known = {_key(word): category for word, category in words.items()}
    longest = sorted(known, key=len, reverse=True)
    inside = "|".join(re.escape(word).replace(r"\ ", r"[\s_-]+") for word in longest)
    matches = re.finditer(rf"(?<![\w+])(?:{inside})(?![\w+])", text, re.IGNORECASE)
    return [WordMatch(known[_key(match.group())], match.start(), match.end()) for match in matches]


def is_negated(text: str, position: int) -> bool:
    """Return whether the clause before a position negates the word at that position."""
    clause = _BREAKS.split(text[:position].lower())[-1]
    return _NEGATED.search(clause) is not None


def _key(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).strip().lower()
