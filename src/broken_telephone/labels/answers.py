"""Reads a filled-in form as a careful person would: which option each line names, if it names one.

Numbers may be lost, lines reordered, brackets, markup and talk added. Which part of the answer belongs to a question
is told in `parts`. Nothing is guessed: two options, or a word that the form does not offer, are invalid, and what
cannot be told is unsure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Literal

from broken_telephone.labels.form import Form, Question
from broken_telephone.labels.mentions import PERSON, SKIN
from broken_telephone.labels.parts import parts, pieces, title
from broken_telephone.labels.refusals import declines, is_refusal
from broken_telephone.labels.scheme import UNSURE
from broken_telephone.labels.wording import Mention, find, plain
from broken_telephone.labels.years import category_of, spans

Status = Literal["valid", "unsure", "invalid", "refused"]

_SEVERAL = "(several)"
"""Stands for a category where more than one is named, or one that is not offered."""
_UNSURE = re.compile(
    r"\b(?:unsure|uncertain|unknown|unclear|undetermined|indeterminate|undeterminable|indeterminable|ambiguous|"
    r"unspecified|not (?:sure|certain|clear|visible|known|possible|discernible|determinable|specified|identifiable|"
    r"apparent|available|applicable|enough information)|n/a|no idea|impossible to|"
    r"(?:hard|difficult|tough) to (?:say|tell|determine|judge|identify|discern|know|see|make out)|"
    r"(?:can ?not|can't|could not|couldn't|unable to|do not|don't|not able to) (?:be )?(?:\w+ly )?"
    r"(?:say|tell|told|determined?|judged?|identif(?:y|ied)|discern(?:ed)?|know|known|seen?|assess(?:ed)?|"
    r"ascertain(?:ed)?|infer(?:red)?|establish(?:ed)?|make out|make that))\b",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*(?:[/|,;]|\bor\b|\band\b|\bto\b|&|-)+\s*(?:or|and|maybe|possibly|perhaps)?\s*", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_BOLD = re.compile(r"\*\*\s*([^*\n]+?)\s*\*\*")
_TICKED = r"\[\s*[xX✓✔]\s*\]|\(\s*[xX✓✔]\s*\)|[☑☒✅✓✔●◉]"
_BLANK = r"\[\s*\]|\(\s*\)|[☐□○◯]"
_BOX = re.compile(rf"({_TICKED})|({_BLANK})")
# Words that are as often about something else; in a text without lines they count before a person or their skin only.
_COLOURS = {"white", "black", "light", "dark", "lighter", "darker", "fair", "pale"}
_AGES = {"old", "young"}
_OF_THINGS = re.compile(
    r"-(?!skinned)\w|[\s,]+(?:[\w-]+\s+){0,2}?(?:hair|eyes?|eyebrows?|beard|cloth(?:es|ing)|shirt|dress|suit|coat)\b",
    re.IGNORECASE,
)
_PRONOUNS = {"she": "female", "her": "female", "hers": "female", "he": "male", "him": "male", "his": "male"}
_LETTERS = {"m": "male", "f": "female"}


@dataclass(frozen=True)
class Reading:
    """What a form says of one attribute."""

    status: Status
    category: str | None
    """Null unless the status is valid."""


def read_form(text: str, form: Form, refused: bool = False) -> dict[str, Reading]:
    """Read an answer to a form.

    Args:
        text: what the model wrote.
        form: what it was asked.
        refused: whether a content filter stepped in.

    Returns:
        Attribute -> reading, for every question of the form. All are refused if the answer declines and holds at
        most one word by chance that is an option.
    """
    text = plain(text)
    own = {question.variable: parts(text, place, form) for place, question in enumerate(form.questions)}
    found = {q.variable: _read(text, own[q.variable], q, place, form) for place, q in enumerate(form.questions)}
    named = sum(value not in (None, _SEVERAL, UNSURE) for value in found.values())
    nothing = all(value in (None, _SEVERAL) for value in found.values())
    loose = not any(own.values()) and UNSURE not in found.values()
    if refused or (named < 2 and (is_refusal(text) or (declines(text) and (nothing or loose)))):
        return {name: Reading("refused", None) for name in found}
    return {name: _reading(value) for name, value in found.items()}


def _reading(value: str | None) -> Reading:
    if value is None or value == _SEVERAL:
        return Reading("invalid", None)
    return Reading("unsure", None) if value == UNSURE else Reading("valid", value)


def _read(text: str, own: list[str], question: Question, place: int, form: Form) -> str | None:
    """Return the category that an answer names for a question, `UNSURE`, `_SEVERAL` or None."""
    if own:
        values = [value for part in own if (value := _of_part(part, question)) is not None]
        named = {value for value in values if value != _SEVERAL}
        # A list of options that is repeated before it is answered names several.
        return named.pop() if len(named) == 1 else _SEVERAL if values else None
    # A bare list in the form's order; in another order, its words still tell what they are about.
    listed = [_of_part(piece, question) for piece in pieces(text, form)]
    if listed and listed[place] is not None:
        return listed[place]
    if len(named := {value for value in listed if value not in (None, UNSURE)}) == 1:
        return named.pop()
    value = _said(text, question, everywhere=True)
    return UNSURE if value is None and _is_unsure_of(text, question, form) else value


def _is_unsure_of(text: str, question: Question, form: Form) -> bool:
    """Return whether a text without parts says that this question cannot be answered, or that none can."""
    clauses = [clause for clause in re.split(r"[.;\n]|\bbut\b", text) if _UNSURE.search(clause)]
    titles = {q.variable for q in form.questions if re.search(title(q), " ".join(clauses), re.IGNORECASE)}
    if not clauses or titles:
        return question.variable in titles
    return not any(_said(text, other, everywhere=True) for other in form.questions)


def _of_part(part: str, question: Question) -> str | None:
    """Return what a question's part of an answer says: a category, `UNSURE`, `_SEVERAL`, or None for nothing."""
    if _BOX.search(part):
        return _said(_ticked(part), question)
    lines = [line for line in part.split("\n") if re.search(r"\w", line)]
    seen: str | None = None
    for line in lines:
        bold = {value for match in _BOLD.finditer(line) if (value := _said(match[1], question)) is not None}
        value = bold.pop() if len(bold) == 1 else _said(line, question)
        if value not in (None, _SEVERAL):
            return value
        seen = seen or value
    return seen


def _ticked(part: str) -> str:
    """Return the options with a tick before them; behind them, if the part does not begin with a box."""
    boxes = list(_BOX.finditer(part))
    if re.search(r"\w", part[: boxes[0].start()]):
        before = [0, *(match.end() for match in boxes)]
        pieces = (part[start : box.start()] for start, box in zip(before, boxes, strict=False) if box[1])
        return " / ".join(re.split(r"[/|,;\n]", piece.strip(" /|,;\n"))[-1] for piece in pieces)
    after = [*(match.start() for match in boxes[1:]), len(part)]
    return " / ".join(part[box.end() : end] for box, end in zip(boxes, after, strict=True) if box[1])


def _said(text: str, question: Question, everywhere: bool = False) -> str | None:
    """Return what a text says; within brackets only if it says nothing outside of them."""
    text = re.sub(r"[*_`#\"]", " ", text)
    outside = _BRACKETS.sub(lambda match: " " * len(match.group()), text)
    for version in (outside, text):
        mentions = _mentions(version, question, everywhere)
        if mentions and mentions[0].category == UNSURE:
            return UNSURE
        if not everywhere and _UNSURE.search(version) and not _is_list(version, mentions):
            return UNSURE
        if mentions:
            return _choice(version, mentions)
    return None if everywhere else _misspelt(outside, question)


def _mentions(text: str, question: Question, everywhere: bool) -> list[Mention]:
    words = dict(question.synonyms) | dict(question.options)
    found = [mention for mention in find(text, words) if _is_of_person(text, mention, everywhere)]
    if question.variable == "gender" and not found:
        if everywhere:
            return find(text, _PRONOUNS)
        found = [
            Mention(value, 0, len(text)) for letter, value in _LETTERS.items() if text.strip(" .,").lower() == letter
        ]
    if question.years:
        stated = spans(text, bare=not everywhere)
        # "Old" in "25 years old" is no age of its own.
        found = [m for m in found if not any(span.start < m.start and m.end <= span.end for span in stated)]
        for span in stated:
            if not any(span.start < mention.end and mention.start < span.end for mention in found):
                found.append(Mention(category_of(span, question.years) or _SEVERAL, span.start, span.end))
    return sorted(found, key=lambda mention: mention.start)


def _is_of_person(text: str, mention: Mention, everywhere: bool) -> bool:
    """Return whether a word is about the person, not about hair, clothes or a house."""
    word, rest = text[mention.start : mention.end].lower(), text[mention.end :]
    if word in _COLOURS and _OF_THINGS.match(rest):
        return False
    if not everywhere or word not in _COLOURS | _AGES:
        return True
    return re.match(PERSON, rest, re.IGNORECASE) is not None or (
        word in _COLOURS and re.match(rf"{SKIN}\b", rest, re.IGNORECASE) is not None
    )


def _is_list(text: str, mentions: Sequence[Mention]) -> bool:
    """Return whether options stand side by side, joined by nothing but commas, strokes and such."""
    joined = (_LIST.fullmatch(text[a.end : b.start]) and a.category != b.category for a, b in pairwise(mentions))
    return any(joined)


def _choice(text: str, mentions: Sequence[Mention]) -> str:
    """Return the one category that is meant; the first, if others only occur in what is said about it."""
    categories = {mention.category for mention in mentions}
    if len(categories) == 1:
        return categories.pop()
    # The list of options, and behind it the answer.
    *before, last = mentions
    if _is_list(text, before) and re.fullmatch(r"\s*[):\]=>-]+\s*", text[before[-1].end : last.start]):
        return last.category
    if _is_list(text, mentions):
        return _SEVERAL
    between = text[mentions[0].end : next(m for m in mentions if m.category != mentions[0].category).start]
    return mentions[0].category if re.search(r"[,;.(\n]|\s-\s|\bbecause\b|\bsince\b|\bas\b", between) else _SEVERAL


def _misspelt(text: str, question: Question) -> str | None:
    words = {word.lower(): category for word, category in question.options.items() if not any(map(str.isdigit, word))}
    close = get_close_matches(text.strip(" .,:;-[](){}'").lower(), list(words), n=1, cutoff=0.83)
    return words[close[0]] if close else None
