"""Derives safe folder names from names with arbitrary characters."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from broken_telephone.seeds import digest

LONGEST = 100
"""Maximum number of characters of a name. File systems allow 255 bytes, and suffixes are added to names."""
_LATIN = re.compile(r"LATIN (?:SMALL|CAPITAL) (?:LETTER|LIGATURE) ([A-Z]{1,2})(?: WITH .*)?")


def folder_names(names: Iterable[str]) -> dict[str, str]:
    """Return name -> folder name. All folder names differ, even on a file system that ignores case.

    Added names do not change the folder names of others. The one exception are names that differ only in their Unicode
    normal form: those that are not in the form NFC then get another folder name.
    """
    folders = {name: folder_name(name) for name in names}
    counts = Counter(folders.values())
    return {
        name: folder
        if counts[folder] == 1 or unicodedata.is_normalized("NFC", name)
        else f"{folder}_{digest(name, 'apart', size=4)}"
        for name, folder in folders.items()
    }


def folder_name(name: str) -> str:
    """Return a name that is safe as a folder name and in a shell: letters (a to z), digits, `-` and `_`.

    A safe name without capitals stays. In other names, Latin letters lose their diacritics and other characters become
    `-`. A digest distinguishes the result, because `Apple` and `apple` are the same folder on some systems. The Unicode
    normal form does not matter.
    """
    plain = unicodedata.normalize("NFC", name)
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", plain if plain.isascii() else "".join(map(_latin, plain)))
    if safe == plain.lower() and not safe.startswith("-") and 0 < len(safe) <= LONGEST:
        return safe
    # Commands would treat a name that begins with "-" as an option.
    kept = safe.lstrip("-")[:LONGEST]
    return f"{kept if kept.strip('-_') else 'picture'}_{digest(plain, size=4)}"


def _latin(character: str) -> str:
    """Return a Latin letter without diacritics, such as e for é and oe for œ; other characters stay."""
    if character == "ß":
        return "ss"
    match = _LATIN.fullmatch(unicodedata.name(character, ""))
    if match is None or character.isascii():
        return character
    return match[1] if character.isupper() else match[1].lower()
