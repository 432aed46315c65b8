"""Names of folders for things whose own names may hold any sign."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from broken_telephone.seeds import digest

LONGEST = 100
"""Signs of a name that are kept: a file system takes 255 bytes, and more is added to names."""
_LATIN = re.compile(r"LATIN (?:SMALL|CAPITAL) (?:LETTER|LIGATURE) ([A-Z]{1,2})(?: WITH .*)?")


def folder_names(names: Iterable[str]) -> dict[str, str]:
    """Return the folder's name of each name; no two are one folder where the case of letters does not count.

    A name keeps its folder's name whatever other names are added. Only of names that differ in nothing but the normal
    form of their letters, those that are not in the form NFC get another one.
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
    """Return a name that is safe as a folder's and in a shell: letters (a to z), digits, `-` and `_`.

    A name that is safe already and has no capitals stays. Of others, Latin letters lose their marks, all other signs
    become `-`, and a digest of the name keeps it apart: `Apple` and `apple` are one folder on some systems. The normal
    form of letters makes no difference.
    """
    plain = unicodedata.normalize("NFC", name)
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", plain if plain.isascii() else "".join(map(_latin, plain)))
    if safe == plain.lower() and not safe.startswith("-") and 0 < len(safe) <= LONGEST:
        return safe
    # A name that begins with "-" would be an option to every command.
    kept = safe.lstrip("-")[:LONGEST]
    return f"{kept if kept.strip('-_') else 'picture'}_{digest(plain, size=4)}"


def _latin(sign: str) -> str:
    """Return a Latin letter without its marks, such as e for é and oe for œ; other signs as they are."""
    if sign == "ß":
        return "ss"
    match = _LATIN.fullmatch(unicodedata.name(sign, ""))
    if match is None or sign.isascii():
        return sign
    return match[1] if sign.isupper() else match[1].lower()
