"""Which option of a question a piece of text names, whether it is a line of a form, a bare word or a sentence."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from broken_telephone.labels.answer_parsing.age_ranges import category_of, spans
from broken_telephone.labels.answer_parsing.contested_options import SEVERAL, choose, is_list
from broken_telephone.labels.answer_parsing.numerals import in_digits
from broken_telephone.labels.answer_parsing.object_words import is_of_person
from broken_telephone.labels.answer_parsing.out_of_form import UNOFFERED
from broken_telephone.labels.answer_parsing.uncertainty import is_unsure
from broken_telephone.labels.answer_parsing.word_search import Mention, find, is_negated
from broken_telephone.labels.form import Question
from broken_telephone.labels.scheme import OTHER, UNSURE

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_BLACK_AND_WHITE = re.compile(r"\bblack[\s-]+(?:and|&)[\s-]+white\b", re.IGNORECASE)
_PRONOUNS = {"she": "female", "her": "female", "hers": "female", "he": "male", "him": "male", "his": "male"}
_LETTERS = {"m": "male", "f": "female", "w": "female"}
# A letter between punctuation; not in "I'm". W stands for woman only where nothing else is written.
_LETTER = re.compile(r"(?:^|[/|,;:(\['-])\s*(?<!\w')([mf]|(?<!.)w(?=\W*$))\s*(?=$|[/|,;:.)\]}'-])", re.IGNORECASE)


def said(text: str, question: Question, everywhere: bool = False) -> str | None:
    """Return what a text says of a question; within brackets only if it says nothing outside of them.

    Args:
        text: as `wording.plain` returns it.
        question: with its options.
        everywhere: whether the text may be about anything, so that colours and numbers are seldom answers.

    Returns:
        A category, `UNSURE`, `SEVERAL`, or None for nothing.
    """
    text = re.sub(r"[*_`#\"]", " ", text)
    text = _BLACK_AND_WHITE.sub("", in_digits(text) if question.years else text)
    outside = _BRACKETS.sub(lambda match: " " * len(match.group()), text)
    for version in (outside, text):
        mentions = mentions_of(version, question, everywhere)
        if mentions and mentions[0].category == UNSURE:
            return UNSURE
        if not everywhere and is_unsure(version) and not is_list(version, mentions):
            return UNSURE
        if mentions:
            value = choose(version, mentions, everywhere)
            return SEVERAL if version is outside and _contradicts(text, question, value) else value
    return None if everywhere else _misspelt(outside, question)


def _contradicts(text: str, question: Question, value: str) -> bool:
    """Return whether brackets hold nothing but another option, or the hint of one: "3 (20-39)", "adult (15-29)"."""
    offered = {word.lower(): category for word, category in question.options.items()}
    offered |= {hint.lower(): question.options[word] for word, hint in question.hints.items()}
    inside = {offered.get(match.group()[1:-1].strip(" '").lower(), value) for match in _BRACKETS.finditer(text)}
    return inside != {value} and bool(inside) and value not in (SEVERAL, UNSURE)


def is_echo(text: str, question: Question) -> bool:
    """Return whether a text repeats all that a question offers, rather than to answer it with several options."""
    named = {mention.category for mention in mentions_of(text, question, everywhere=False)}
    return named >= set(question.options.values()) - {UNSURE}


def mentions_of(text: str, question: Question, everywhere: bool) -> list[Mention]:
    """Return the words, letters and years that stand for categories of a question, in order.

    The category is `SEVERAL` for words that no option covers and for years that no single category covers.
    """
    words = dict.fromkeys(UNOFFERED.get(question.variable, ()), SEVERAL)
    words |= dict(question.synonyms) | dict(question.options)
    # A text about anything does not tell what is unsure.
    words = {word: value for word, value in words.items() if not everywhere or value != UNSURE}
    found = [mention for mention in find(text, words) if is_of_person(text, mention, everywhere)]
    if any(mention.category == OTHER for mention in found):
        # "Other: Hispanic" names one option.
        found = [mention for mention in found if mention.category != SEVERAL]
    if question.variable == "gender" and not found:
        return find(text, _PRONOUNS) if everywhere else _letters(text)
    if question.years:
        found = _with_years(text, found, question, everywhere)
    return sorted(found, key=lambda mention: mention.start)


def _letters(text: str) -> list[Mention]:
    return [Mention(_LETTERS[match[1].lower()], match.start(1), match.end(1)) for match in _LETTER.finditer(text)]


def _with_years(text: str, found: Sequence[Mention], question: Question, everywhere: bool) -> list[Mention]:
    stated = [span for span in spans(text, bare=not everywhere) if not is_negated(text, span.start)]
    # "Old" in "25 years old" is no age of its own.
    kept = [m for m in found if not any(span.start < m.start and m.end <= span.end for span in stated)]
    for span in stated:
        if not any(span.start < mention.end and mention.start < span.end for mention in kept):
            kept.append(Mention(category_of(span, question.years) or SEVERAL, span.start, span.end))
    return kept


def _misspelt(text: str, question: Question) -> str | None:
    words = {word.lower(): category for word, category in question.options.items() if not any(map(str.isdigit, word))}
    close = get_close_matches(text.strip(" .,:;-[](){}'").lower(), list(words), n=1, cutoff=0.83)
    return words[close[0]] if close else None
