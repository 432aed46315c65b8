"""Decides whether an ambiguous word, such as "white", "light", "old" or "other", describes the person or an object."""

import re

from broken_telephone.labels.answer_parsing.demographic_terms import PERSON, SKIN
from broken_telephone.labels.answer_parsing.word_search import WordMatch
from broken_telephone.labels.scheme import OTHER

_COLOURS = {"white", "black", "light", "dark", "lighter", "darker", "fair", "pale", "medium"}
_AGES = {"old", "young"}
_HAIR = (
    r"(?:hair(?:style|cut|do)?|ponytails?|pigtails?|buns?|braids?|plaits?|curls?|ringlets?|bobs?|afros?|dreadlocks?|"
    r"dreads|locks|locs|cornrows|bangs|fringe|mohawk|mullet|wig|beard|goatee|mou?stache|sideburns|stubble)(?:e?d)?"
)
_THINGS = (
    rf"(?:{_HAIR}|eyes?|eyebrows?|cloth(?:es|ing)|shirt|dress|suit|coat|jacket|hat|background|backdrop|wall|room|"
    r"light|lighting|photo(?:graph)?|picture|image)"
)
# "White cotton shirt"; not "white with black hair", "darker in this light".
_JOINED = r"(?!(?:in|on|of|from|with|against|under|for|due|because|as|to|but|than)\b)[\w-]+"
_OF_THINGS = re.compile(rf"-(?!skinned)\w|\s+(?:{_JOINED}\s+){{0,2}}?{_THINGS}\b", re.IGNORECASE)
_THING_IS = re.compile(rf"\b{_THINGS}(?:\s+(?:is|are|looks?|appears?)|'s)\s+(?:\w+\s+)?$", re.IGNORECASE)
# "In this light", "in the dark", "too dark", but not "on the light side".
_LIGHT = re.compile(r"\b(?:this|the|in|dim|low|bright|poor|good|natural|warm|soft|harsh|too)\s+$", re.IGNORECASE)
_SKIN = re.compile(rf"{SKIN}\b", re.IGNORECASE)
_SIDE = re.compile(rf"(?:{SKIN}|\s+(?:side|end|one|person|m[ae]n|wom[ae]n))\b|{PERSON}", re.IGNORECASE)
# "The other people" and "each other" do not name the option "other".
_THE_OTHER = re.compile(r"\b(?:the|each|any|no|every|some)\s+$", re.IGNORECASE)


def refers_to_person(text: str, mention: WordMatch, everywhere: bool) -> bool:
    """Return whether a word refers to the person.

    Args:
        text: the text that contains the word.
        mention: the word.
        everywhere: whether the text may be about anything; a colour or "old" then counts only before a person.
    """
    before, word, rest = text[: mention.start], text[mention.start : mention.end].lower(), text[mention.end :]
    person = re.match(PERSON, rest, re.IGNORECASE) is not None
    if word == OTHER:
        return not (everywhere or _THE_OTHER.search(before) or (person and rest.startswith(" ")))
    if word in _AGES:
        return person or not everywhere
    if word not in _COLOURS:
        return True
    if _OF_THINGS.match(rest) or _THING_IS.search(before) or (_LIGHT.search(before) and not _SIDE.match(rest)):
        return False
    return person or not everywhere or _SKIN.match(rest) is not None
