"""Finds the option of a question that a piece of text names: a line of a form, a single word or a sentence."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from broken_telephone.labels.answer_parsing.age_ranges import age_category, find_age_ranges
from broken_telephone.labels.answer_parsing.contested_options import SEVERAL, choose_option, is_list
from broken_telephone.labels.answer_parsing.demographic_terms import TERMS
from broken_telephone.labels.answer_parsing.numerals import words_to_digits
from broken_telephone.labels.answer_parsing.object_words import refers_to_person
from broken_telephone.labels.answer_parsing.out_of_form import UNOFFERED
from broken_telephone.labels.answer_parsing.own_attributes import names_attribute
from broken_telephone.labels.answer_parsing.uncertainty import is_unsure
from broken_telephone.labels.answer_parsing.word_search import WordMatch, find_all_words, find_words, is_negated
from broken_telephone.labels.form import Question
from broken_telephone.labels.scheme import OTHER, UNSURE

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_BLACK_AND_WHITE = re.compile(r"\bblack[\s-]+(?:and|&)[\s-]+white\b", re.IGNORECASE)
_PRONOUNS = {"she": "female", "her": "female", "hers": "female", "he": "male", "him": "male", "his": "male"}
_LETTERS = {"m": "male", "f": "female", "w": "female"}
# The letter stands between punctuation, not as in "I'm". W means woman only if nothing else is written.
_LETTER = re.compile(r"(?:^|[/|,;:(\['-])\s*(?<!\w')([mf]|(?<!.)w(?=\W*$))\s*(?=$|[/|,;:.)\]}'-])", re.IGNORECASE)


def match_option(text: str, question: Question, everywhere: bool = False) -> str | None:
    """Return the option that a text names. Text within brackets counts only if the text outside names none.

    Args:
        text: text as `word_search.normalise` returns it.
        question: the question with its options.
        everywhere: whether the text may be about anything; colours and numbers are then rarely answers.

    Returns:
        A category, `UNSURE`, `SEVERAL`, or None if the text names no option.
    """
    text = re.sub(r"[*_`#\"]", " ", text)
    text = _BLACK_AND_WHITE.sub("", words_to_digits(text) if question.years else text)
    outside = _BRACKETS.sub(lambda match: " " * len(match.group()), text)
    for version in (outside, text):
        mentions = find_options(version, question, everywhere)
        if mentions and mentions[0].category == UNSURE:
            return UNSURE
        if not everywhere and is_unsure(version) and not is_list(version, mentions):
            return UNSURE
        if mentions:
            value = choose_option(version, mentions, everywhere)
            return SEVERAL if version is outside and _brackets_contradict(text, question, value) else value
    return None if everywhere else _match_misspelt(outside, question)


def _brackets_contradict(text: str, question: Question, value: str) -> bool:
    """Return whether brackets contain only another option or its hint, as in "3 (20-39)" or "adult (15-29)"."""
    offered = {word.lower(): category for word, category in question.options.items()}
    offered |= {hint.lower(): question.options[word] for word, hint in question.hints.items()}
    inside = {offered.get(match.group()[1:-1].strip(" '").lower(), value) for match in _BRACKETS.finditer(text)}
    return inside != {value} and bool(inside) and value not in (SEVERAL, UNSURE)


def lists_all_options(text: str, question: Question) -> bool:
    """Return whether a text repeats all options of a question instead of answering it."""
    named = {mention.category for mention in find_options(text, question, everywhere=False)}
    return named >= set(question.options.values()) - {UNSURE}


def find_options(text: str, question: Question, everywhere: bool) -> list[WordMatch]:
    """Return the words, letters and ages that stand for categories of a question, in order.

    The category is `SEVERAL` for words that no option covers and for ages that no single category covers.
    """
    words = dict.fromkeys(UNOFFERED.get(question.variable, ()), SEVERAL)
    words |= dict(question.synonyms) | dict(question.options)
    # In a text about anything, a word for "unsure" may refer to something else.
    words = {word: value for word, value in words.items() if not everywhere or value != UNSURE}
    mentions = [mention for mention in find_words(text, words) if _is_about(text, mention, question, everywhere)]
    if any(mention.category == OTHER for mention in mentions):
        # "Other: Hispanic" names one option.
        mentions = [mention for mention in mentions if mention.category != SEVERAL]
    if question.variable == "gender" and not mentions:
        return find_words(text, _PRONOUNS) if everywhere else _letter_matches(text)
    if question.years:
        mentions = _add_age_ranges(text, mentions, question, everywhere)
    return sorted(mentions, key=lambda mention: mention.start)


def _is_about(text: str, mention: WordMatch, question: Question, everywhere: bool) -> bool:
    """Return whether a word is about the person, or about the attribute that a study added."""
    if question.variable in TERMS or mention.category == OTHER:
        return refers_to_person(text, mention, everywhere)
    return not everywhere or names_attribute(text, mention, question.variable)


def _letter_matches(text: str) -> list[WordMatch]:
    return [WordMatch(_LETTERS[match[1].lower()], match.start(1), match.end(1)) for match in _LETTER.finditer(text)]


def _add_age_ranges(text: str, mentions: Sequence[WordMatch], question: Question, everywhere: bool) -> list[WordMatch]:
    stated = [span for span in find_age_ranges(text, bare=not everywhere) if not is_negated(text, span.start)]
    # "Old" in "25 years old" is not a separate age.
    kept = [m for m in mentions if not any(span.start < m.start and m.end <= span.end for span in stated)]
    for span in stated:
        if not any(span.start < mention.end and mention.start < span.end for mention in kept):
            kept.append(WordMatch(age_category(span, question.years) or SEVERAL, span.start, span.end))
    return kept


def _match_misspelt(text: str, question: Question) -> str | None:
    if is_negated(f"{text} ", len(text) + 1) or any(
        is_negated(text, match.start) for match in find_all_words(text, question.synonyms)
    ):
        return None  # "not a wheelchair" is no misspelt "wheelchair"
    words = {word.lower(): category for word, category in question.options.items() if not any(map(str.isdigit, word))}
    close = get_close_matches(text.strip(" .,:;-[](){}'").lower(), list(words), n=1, cutoff=0.83)
    return words[close[0]] if close else None
