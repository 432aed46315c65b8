"""Rewrites an English text so that it no longer states some attributes of the people in it.

What is rewritten is exactly what `mentions` finds: afterwards it finds no term of these attributes, except the neutral
pronouns (they, them, their). A lexicon decides, not a parser: unusual sentences may read awkwardly.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from broken_telephone.labels.answer_parsing.demographic_terms import NEUTRAL, find_terms
from broken_telephone.labels.answer_parsing.word_search import normalise
from broken_telephone.labels.neutral_terms import (
    ALSO_ADJECTIVES,
    PEOPLE,
    PERSON,
    PRONOUNS,
    TITLES,
    UNSTATED,
    replacement,
)
from broken_telephone.labels.person_phrase import indefinite_article

_MARK, _DROPPED = "\x00", "\x02"
"""Stand where a term was replaced, or where one that began a sentence was dropped, until `_mended`."""
_PASSES = 5

# Words that cannot be what an adjective or a possessive belongs to.
_FUNCTION = frozenset(
    re.findall(
        r"\w+",
        "a about above across after against all along also although always among an and another any are around as "
        "at away be because been before behind being below beneath beside between but by can could did do does "
        "down during each even every for from had has have here how i if in inside into is it its just like may "
        "might more most near never next no not now of off often on once only onto or out outside over past per "
        "she he should since so some still than that the their them then there these they this those though "
        "through to today together too toward towards under until up upon very via was we were what when where "
        "which while who whom whose why will with within without would yet you ",
    )
)
# Verbs of descriptions in the third person. "she looks" is mended by its form, "a female looks" only if it is here.
_VERBS = frozenset(
    re.findall(
        r"\w+",
        "appears asks bends carries cheers claps clasps closes cooks covers cries dances drinks drives eats enjoys "
        "expresses faces feels flashes frowns gazes gestures gets gives glances goes grins grips has helps holds "
        "hugs is jumps kisses kneels laughs leans lies lifts listens looks makes moves opens paints performs pets "
        "plays poses pulls pushes raises reaches reads rests rides rubs runs seems shouts shows sings sits sleeps "
        "smiles speaks squints stands stares steps swims takes talks tilts touches tries turns uses waits walks "
        "watches waves wears works writes ",
    )
)
_PLURAL_VERBS = {"is": "are", "was": "were", "has": "have", "does": "do", "goes": "go"}
_ADVERB = r"(?:\w+ly|also|always|even|just|never|not|now|often|still|then|too)"
_DEGREE = (
    r"(?:very|quite|rather|fairly|relatively|really|somewhat|so|too|still|much|more|slightly|noticeably|about|around|"
    r"approximately|over|under|nearly|almost)"
)
_DETERMINER = re.compile(
    r"\b(a|an|the|this|that|these|those|one|two|three|four|five|several|many|some|another|each|every|both|all|no)\s+"
    rf"(?:{_DEGREE}\s+)*$",
    re.IGNORECASE,
)
_ONE = frozenset(("a", "an", "this", "that", "one", "another", "each", "every"))
_COPULA = re.compile(
    r"(?:\b(?:is|are|was|were|be|being|been|as|looks?|looked|looking|seems?|seemed|appears?|appeared|appearing|feels?|"
    rf"becomes?)|'s|'re|n't)\s+(?:[\w-]+(?:,| and| or| but)\s+){{0,3}}(?:{_ADVERB}\s+)*(?:{_DEGREE}\s+)*$",
    re.IGNORECASE,
)
_TWO_PRONOUNS = re.compile(
    r"(?<![\w(])(?:(he|she)\s*(?:/|\bor\b)\s*(?:she|he)|(him|her)\s*(?:/|\bor\b)\s*(?:her|him)|"
    r"(his|her)\s*(?:/|\bor\b)\s*(?:hers?|his)|(himself|herself)\s*(?:/|\bor\b)\s*(?:herself|himself)|"
    r"(\(s\)he|s/he))(?!\w)",
    re.IGNORECASE,
)
_ONE_PRONOUN = ("he", "him", "his", "himself", "he")
# Causative verbs, after which "her" is an object although a verb follows: "makes her look happy".
_CAUSES = re.compile(
    r"\b(?:mak(?:e|es|ing)|made|let(?:s|ting)?|help(?:s|ed|ing)?|see(?:s|ing)?|saw|watch\w*)\s+$", re.IGNORECASE
)
_CAUSED = re.compile(r"\s+(?:look|appear|seem|feel|smile|laugh|stand|sit|eat|dance|work|play|hold|go|be)\b")
# The rest of a list of adjectives: ", happy" and "and happy".
_LISTED = re.compile(r"(?:,\s*(?:and\s+)?|\s+and\s+)(?!(?:an?|the|who|with|in|on|at|and|is|are|wearing)\b)\w")
_BEFORE_NOUN = r"(?:happy|sad|angry|smiling|calm|serious|tall|short|slim|thin|strong|beautiful|handsome|attractive)"

_COORDINATED = re.compile(
    r"(\0they\b[^.;:!?\n\0]*?\b(?:and|or|but)\s+"
    rf"(?:{_ADVERB}\s+)*)({'|'.join(sorted(_VERBS.union(_PLURAL_VERBS)))})\b",
    re.IGNORECASE,
)


class _Term(NamedTuple):
    """A place in the text that has to be rewritten."""

    start: int
    end: int
    attributes: tuple[str, ...]


def neutralise(text: str, attributes: Collection[str]) -> str:
    """Return the text without the terms of some attributes.

    A text without such a term is returned as it is, byte for byte. Otherwise its characters, tags and spaces are those
    of `normalise`. A second call changes nothing.

    Args:
        text: an English description.
        attributes: of gender, age, ethnicity and skin_tone.

    Raises:
        KeyError: if an attribute has no terms.
    """
    if not any(_terms(normalise(text), attributes)):
        return text
    text = normalise(text.replace(_MARK, " ").replace(_DROPPED, " "))
    for _ in range(_PASSES):
        # A word that becomes the neighbour of another may be a term there.
        if not (terms := list(_terms(text, attributes))):
            return text
        shorter = _TWO_PRONOUNS.sub(_one_pronoun, text) if "gender" in attributes else text
        text = normalise(_mended(_rewritten(text, terms))) if shorter == text else shorter
    while terms := list(_terms(text, attributes)):
        for term in reversed(terms):
            text = text[: term.start] + text[term.end :]
        text = normalise(text)
    return text


def _terms(text: str, attributes: Collection[str]) -> Iterator[_Term]:
    """Yield the places to rewrite, from left to right; of overlapping ones the first and longest."""
    stated: dict[tuple[int, int], dict[str, None]] = {}
    for match in find_terms(text, attributes):
        if match.category != NEUTRAL:
            stated.setdefault((match.start, match.end), {})[match.attribute] = None
    last = 0
    for (start, end), own in sorted(stated.items(), key=lambda item: (item[0][0], -item[0][1])):
        if start >= last:
            yield _Term(start, end, tuple(own))
            last = end


def _rewritten(text: str, terms: list[_Term]) -> str:
    """Replace all terms, with marks."""
    out, position = "", 0
    for number, term in enumerate(terms):
        if term.start < position:
            continue
        out += text[position : term.start]
        word, position = text[term.start : term.end], term.end
        next_to = number + 1 < len(terms) and _joins(text, term, terms[number + 1])
        if word.lower() in ("she", "he"):
            words, position = _subject(text, term.end)
            out = re.sub(r"(?i)\b(is|was|has|does)(n't)?(\s+)$", _plural_verb, out)
        else:
            words = _neutral(text[: term.start], word, text[term.end :], term.attributes, next_to)
        begins = word[:1].isupper() and re.search(r"(?:^|[.!?:\n])[\s\"'*(#-]*$", text[: term.start]) is not None
        if len(word) > 1 and word.isupper():
            words = words.upper()
        elif begins:
            words = words[:1].upper() + words[1:]
        if words.lower() in UNSTATED.values():
            out = re.sub(rf"(?i)(?<=\s)(?:{_DEGREE}\s+)+$", "", out)
        if not words and word.lower() in TITLES and text[position : position + 1] == ".":
            position += 1
        out += _MARK + words if words or not begins else _DROPPED
    return out + text[position:]


def _joins(text: str, term: _Term, following: _Term) -> bool:
    """Return whether the next term is the noun, or a further adjective of it, that a term belongs to."""
    word = text[following.start : following.end].lower()
    is_noun_phrase = word not in (*PRONOUNS, "she", "he", "her", "his") and not word.startswith(("in ", "aged "))
    return is_noun_phrase and not text[term.end : following.start].strip(" -")


def _one_pronoun(match: re.Match[str]) -> str:
    """Return one pronoun for "he or she" in its form."""
    word = next(word for word, form in zip(_ONE_PRONOUN, match.groups(), strict=True) if form)
    return word.capitalize() if match.group().lstrip("(")[:1].isupper() else word


def _subject(text: str, end: int) -> tuple[str, int]:
    """Return "they" with its verb for a "she" or "he" that ends here, and where the verb ends."""
    contracted = re.match(r"'s\b(\s+(?:been|got|had)\b)?", text[end:])
    if contracted:
        return ("they've" if contracted[1] else "they're"), end + 2
    match = re.match(rf"(\s+(?:{_ADVERB}\s+)*)([a-zA-Z]+?)(n't)?(?![\w'])", text[end:])
    if match is None or not (verb := _plural_form(match[2])):
        return "they", end
    return f"they{match[1]}{verb}{match[3] or ''}", end + match.end()


def _plural_verb(match: re.Match[str]) -> str:
    verb = _PLURAL_VERBS[match[1].lower()]
    return f"{verb.capitalize() if match[1][0].isupper() else verb}{match[2] or ''}{match[3]}"


def _plural_form(verb: str) -> str:
    """Return the form of a verb of the third person after "they"; empty if the word is none."""
    low = verb.lower()
    if low in _PLURAL_VERBS:
        return _PLURAL_VERBS[low]
    if not low.endswith("s") or low.endswith(("ss", "us", "is")) or len(low) < 4 or low in _FUNCTION:
        return ""
    if low.endswith("ies") and len(low) > 4:
        return f"{low[:-3]}y"
    return low[:-2] if re.search(r"(?:s|sh|ch|x|z|o)es$", low) and not re.search(r"[iou]ses$", low) else low[:-1]


def _neutral(before: str, word: str, after: str, attributes: tuple[str, ...], next_to: bool) -> str:
    """Return what stands for a term other than "she" and "he"; empty if it is dropped.

    Args:
        before: the text before the term.
        word: the term.
        after: the text after it.
        attributes: those that the term states, of those that are neutralised.
        next_to: whether another term follows at once, which takes the noun's place.
    """
    low = re.sub(r"[\s-]+", " ", word.lower())
    if low in PRONOUNS:
        return PRONOUNS[low]
    if low in ("her", "his"):
        return _her_or_his(low, before, after)
    if skin := re.search(r"(?:skin tones?|skin|complexion)$", low):
        return skin.group()
    known = word.lower() if low == "grown up" else low
    noun = replacement(known, attributes)
    is_adjective = noun is None or known in ALSO_ADJECTIVES
    if noun == "" or next_to or (is_adjective and _noun_follows(after)):
        return ""
    if noun is None and _DETERMINER.search(before) and _LISTED.match(after):
        return ""
    if is_adjective and _COPULA.search(before):
        return UNSTATED[attributes[0]]
    if noun is not None:
        return noun
    is_plural = low.endswith("s") and not low.endswith("ss") and not re.match(r"in ", low)
    determiner = _DETERMINER.search(before)
    if is_plural or (determiner and "age" in attributes and determiner[1].lower() not in _ONE):
        return PEOPLE
    return PERSON if determiner else ""


def _her_or_his(low: str, before: str, after: str) -> str:
    alone = "them" if low == "her" else "theirs"
    if low == "her" and _CAUSES.search(before) and _CAUSED.match(after):
        return alone
    return "their" if _noun_follows(after, verbs=True) else alone


def _noun_follows(after: str, verbs: bool = False) -> bool:
    """Return whether an adjective or possessive before this text belongs to a noun in it.

    Args:
        after: the text.
        verbs: whether a word that looks like a verb may be that noun, as in "her smiling face".
    """
    match = re.match(r"[\s-]+[\"'*]*([a-zA-Z0-9][\w'-]*)", after)
    if match is None:
        return False
    word = match[1].lower()
    return word not in _FUNCTION and (verbs or not (word in _VERBS or word.endswith("ing")))


def _mended(text: str) -> str:
    """Mend articles, spaces, commas, possessives and coordinated verbs where something was replaced or dropped."""
    for _ in range(text.count(_MARK)):
        text = _COORDINATED.sub(lambda match: match[1] + _plural_form(match[2]), text)
    # "a person or person" and "people and people" are what one of them is.
    text = re.sub(r"\0([Pp]eople)\s+and\s+\0people\b", "\0\\1", text)
    text = re.sub(r"\0(\w+)(?:\s+or\s+|\s*/\s*)(?:an?\s+)?\0\1\b", "\0\\1", text)
    text = re.sub(rf"(\b{_BEFORE_NOUN}),?\s+and\s+\0\s+(?=\0?\w)", "\\1 ", text)
    # What is left of "young, happy" and "young and happy" before a noun.
    text = re.sub(r"(\b(?:an?|the)\s+)\0(?:\s*,|\s+and)\s+(?=\w)", "\\1\0", text, flags=re.IGNORECASE)
    text = re.sub(r"(\0(?:people|children|schoolchildren))'(?!\w)", "\\1's", text)
    text = re.sub(r"\x02[\s,.-]*(\0?)(\w?)", lambda match: match[1] + match[2].upper(), text)
    text = re.sub(r"\0(?=[\s-]*\0)[\s-]*", "", text)
    text = re.sub(r"\b([Aa]n?|AN)(\s+)\0[\s-]*(\w+)", _with_article, text)
    text = re.sub(r"\0[\s-]+(?=\w)", "", text)
    text = re.sub(r"\s*\0(?=[.,;:!?)])", "", text)
    text = text.replace("\0", "")
    text = re.sub(r"(?:,\s*){2,}", ", ", text)
    return re.sub(r"[^\S\n]+([.,;:!?)])", r"\1", text)


def _with_article(match: re.Match[str]) -> str:
    article = indefinite_article(match[3])
    if match[1][0].isupper():
        article = article.upper() if match[1] == "AN" else article.capitalize()
    return f"{article}{match[2]}{match[3]}"
