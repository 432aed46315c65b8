"""Tells whether a text may be English, which the lexicon of demographic terms is made for."""

import re

# Frequent words that are no English words, or only rarely. English is assumed unless others outnumber its own.
_ENGLISH = frozenset(
    re.findall(r"\w+", "the a an of and is are with in to that this his her their they she he who has from")
)
_OTHERS = (
    "le la les un une des du est et dans avec qui sur il elle son sa aux",
    "der die das ein eine einen und ist mit auf von sie er hat ihr sein dem den",
    "el los las una y es en con que su del por lo ella",
    "il lo gli uno e con che di nel della sul suo sua",
    "o os as um uma com que no na em seu sua ele ela",
    "de het een en van met op zijn haar hij zij dat",
)
_FOREIGN = tuple(frozenset(words.split()) - _ENGLISH for words in _OTHERS)
_OTHER_LETTERS = 0.3


def is_english(text: str) -> bool:
    """Return whether nothing shows that a text is in another language.

    It is in another language if more than 30 % of its letters are not Latin, or if the frequent words of French,
    German, Spanish, Italian, Portuguese or Dutch outnumber those of English in it.
    """
    letters = [sign for sign in text if sign.isalpha()]
    if sum(ord(sign) > 0x24F for sign in letters) > _OTHER_LETTERS * len(letters):
        return False
    words = re.findall(r"\w+", text.lower())
    own = sum(word in _ENGLISH for word in words)
    return all(sum(word in frequent for word in words) <= own for frequent in _FOREIGN)
