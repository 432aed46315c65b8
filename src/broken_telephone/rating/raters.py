"""Normalises names of raters, so that all spellings of a name are one person."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST_NAME = 80
# These characters are invisible, but not control or format characters in Unicode.
_BLANK = {
    *map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)),
    *map(chr, range(0x180B, 0x1810)),
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}
_INVISIBLE_KINDS = ("Cc", "Cf", "Cs")


@lru_cache(maxsize=4096)
def shown_name(text: str) -> str:
    """Return a name without invisible characters, with single spaces inside and none around."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    return " ".join("".join(character for character in spaced if _is_visible(character)).split())


@lru_cache(maxsize=4096)
def identity(name: str) -> str:
    """Return a key that all spellings of a name share: compatibility characters and case are folded.

    The key of an invisible name is empty.
    """
    # Case folding may produce characters that are not normalised, and vice versa.
    for _ in range(2):
        name = unicodedata.normalize("NFKC", shown_name(name)).casefold()
    return shown_name(unicodedata.normalize("NFKC", name))


def rater_name(text: str) -> str:
    """Return a rater's name as shown.

    Raises:
        ValueError: if the text cannot be a name, with the reason.
    """
    name = shown_name(text)
    if not identity(name) or len(name) > LONGEST_NAME:
        raise ValueError(f"A rater's name has 1 to {LONGEST_NAME} visible characters, this one has {len(name)}")
    # Such a name would change the address of the page.
    if "/" in name or set(name) == {"."}:
        raise ValueError("A rater's name has no slash, and not only dots")
    return name


def spellings(names: Iterable[str]) -> dict[str, list[str]]:
    """Return identity -> spellings, in order."""
    by_identity: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        by_identity.setdefault(identity(name), []).append(name)
    return by_identity


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE_KINDS and character not in _BLANK
