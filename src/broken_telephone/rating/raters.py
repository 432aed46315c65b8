"""Names of raters: one person is one name, however it is spelled."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST_NAME = 80
# Characters that show nothing and that Unicode does not count as control or format characters.
_BLANK = {
    *map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)),
    *map(chr, range(0x180B, 0x1810)),
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}
_INVISIBLE_KINDS = ("Cc", "Cf", "Cs")


@lru_cache(maxsize=4096)
def shown_name(text: str) -> str:
    """Return a name as it is shown: without invisible characters, with single spaces inside and none around."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    return " ".join("".join(character for character in spaced if _is_visible(character)).split())


@lru_cache(maxsize=4096)
def identity(name: str) -> str:
    """Return what all spellings of a name have in common: compatibility characters and case are folded.

    It is empty for a name that shows nothing.
    """
    # Folding the case of a character may give characters that are not normal, and the other way round.
    for _ in range(2):
        name = unicodedata.normalize("NFKC", shown_name(name)).casefold()
    return shown_name(unicodedata.normalize("NFKC", name))


def rater_name(text: str) -> str:
    """Return a rater's name as it is shown.

    Raises:
        ValueError: with a sentence, if this cannot be a name.
    """
    name = shown_name(text)
    if not identity(name) or len(name) > LONGEST_NAME:
        raise ValueError(f"A rater's name has 1 to {LONGEST_NAME} visible characters, this one has {len(name)}")
    # They would lead to another address of the page.
    if "/" in name or set(name) == {"."}:
        raise ValueError("A rater's name has no slash, and not only dots")
    return name


def spellings(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the spellings by identity, in their order."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        found.setdefault(identity(name), []).append(name)
    return found


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE_KINDS and character not in _BLANK
