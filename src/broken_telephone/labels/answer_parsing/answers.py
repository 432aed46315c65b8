"""Parses a filled-in form: finds the option that each line of an answer names.

The parser tolerates missing numbers, reordered lines, brackets, markup and additional text. `form_parts` assigns parts
of the answer to questions, and `option_matching` finds the option in a part. The parser does not guess: two options, or
a word that the form does not offer, are invalid. A statement that the answer cannot be known is unsure.
"""

import re
from dataclasses import dataclass
from typing import Literal

from broken_telephone.labels.answer_parsing.answer_subject import keep_main_person
from broken_telephone.labels.answer_parsing.contested_options import SEVERAL
from broken_telephone.labels.answer_parsing.form_parts import find_parts, split_bare_list, title_pattern
from broken_telephone.labels.answer_parsing.json_answers import json_to_lines
from broken_telephone.labels.answer_parsing.option_matching import lists_all_options, match_option
from broken_telephone.labels.answer_parsing.option_references import resolve_references, strip_option_keys
from broken_telephone.labels.answer_parsing.refusals import declines, is_refusal, text_before_refusal
from broken_telephone.labels.answer_parsing.thinking_marks import separate
from broken_telephone.labels.answer_parsing.tick_boxes import has_boxes, ticked_options
from broken_telephone.labels.answer_parsing.uncertainty import is_unsure
from broken_telephone.labels.answer_parsing.word_search import normalise
from broken_telephone.labels.form import Form, Question
from broken_telephone.labels.scheme import UNSURE

Status = Literal["valid", "unsure", "invalid", "refused"]

_REFUSED = "(refused)"
"""Marks a question that the answer refuses to answer."""
_BOLD = re.compile(r"\*\*\s*([^*\n]+?)\s*\*\*")
# Remarks that follow the filled-in form.
_REMARK = re.compile(r"\W*(?:please )?(?:notes?|explanations?|disclaimer|remarks?|comments?)\b", re.IGNORECASE)
# An answer may break off inside a compound, such as "African-"; its continuation is unknown.
_BROKEN_OFF = re.compile(r"(?:\w+-)+[\s.]*$")
_LAST_WORD = re.compile("[\\w+\u2010-\u2015-]+\\Z")
_CODE = re.compile(r"^\W*[0-9a-e]\W*$", re.IGNORECASE)


@dataclass(frozen=True)
class ParsedAnswer:
    """The answer to one question of a form."""

    status: Status
    category: str | None
    """Null unless the status is valid."""


def parse_form(text: str, form: Form, refused: bool = False, truncated: bool = False) -> dict[str, ParsedAnswer]:
    """Parse an answer to a form.

    Args:
        text: the model's answer.
        form: the form that the model was asked to fill in.
        refused: whether a content filter blocked the answer.
        truncated: whether the token limit cut the answer. Its last word is then dropped: a 4 may be part of 40-69.

    Returns:
        Attribute -> parsed answer, for every question of the form. All are refused if the answer refuses and names at
        most one option, which may be chance. A single question is refused if only its line refuses.
    """
    text = _LAST_WORD.sub("", text) if truncated else text
    text = _BROKEN_OFF.sub("", normalise(separate(text, truncated=truncated).answer))
    text, keyed = strip_option_keys(keep_main_person(json_to_lines(text), form), form)
    own_parts = {
        q.variable: [resolve_references(part, q, q.variable in keyed) for part in find_parts(text, index, form)]
        for index, q in enumerate(form.questions)
    }
    listed = _parse_bare_list(text, form)
    if _gives_codes(own_parts, form):
        own_parts = {name: [_CODE.sub("", part) for part in parts] for name, parts in own_parts.items()}
    values = {
        q.variable: _parse_question(text, own_parts[q.variable], listed[q.variable], q, form) for q in form.questions
    }
    named = sum(value not in (None, SEVERAL, UNSURE, _REFUSED) for value in values.values())
    nothing = all(value in (None, SEVERAL, _REFUSED) for value in values.values())
    loose = not any(own_parts.values()) and UNSURE not in values.values()
    if refused or (named < 2 and (is_refusal(text) or (declines(text) and (nothing or loose)))):
        return {name: ParsedAnswer("refused", None) for name in values}
    return {name: _parsed_answer(value) for name, value in values.items()}


def _parsed_answer(value: str | None) -> ParsedAnswer:
    if value == _REFUSED:
        return ParsedAnswer("refused", None)
    if value is None or value == SEVERAL:
        return ParsedAnswer("invalid", None)
    return ParsedAnswer("unsure", None) if value == UNSURE else ParsedAnswer("valid", value)


def _gives_codes(own_parts: dict[str, list[str]], form: Form) -> bool:
    """Return whether an answer gives codes instead of words. A 4 for an age is then not an age of four years."""
    words = [part for question in form.questions if not question.years for part in own_parts[question.variable]]
    return bool(words) and all(_CODE.fullmatch(part) for part in words)


def _parse_question(text: str, own_parts: list[str], listed: str | None, question: Question, form: Form) -> str | None:
    """Return the category that an answer gives for a question, `UNSURE`, `SEVERAL`, `_REFUSED` or None."""
    if own_parts:
        values = [value for part in own_parts if (value := _parse_part(part, question)) is not None]
        named = {value for value in values if value != SEVERAL}
        # An answer may repeat the list of options first; that list alone does not count.
        return named.pop() if len(named) == 1 else SEVERAL if values else None
    value = listed or match_option(text, question, everywhere=True)
    return UNSURE if value is None and _is_unsure_about(text, question, form) else value


def _parse_bare_list(text: str, form: Form) -> dict[str, str | None]:
    """Parse a list without titles. It is in the form's order, or each of its words fits only one question."""
    for pieces, least in split_bare_list(text, form):
        in_order = [
            _parse_part(resolve_references(piece, q, False), q) for piece, q in zip(pieces, form.questions, strict=True)
        ]
        if sum(value is not None for value in in_order) >= least:
            return {q.variable: value for q, value in zip(form.questions, in_order, strict=True)}
        by_words = {q.variable: _only_option(pieces, q) for q in form.questions}
        if sum(value is not None for value in by_words.values()) >= least:
            return by_words
    return {q.variable: None for q in form.questions}


def _only_option(pieces: list[str], question: Question) -> str | None:
    # A piece of more than two words may be about anything.
    values = {match_option(piece, question, everywhere=len(piece.split()) > 2) for piece in pieces} - {None, UNSURE}
    return values.pop() if len(values) == 1 else None


def _is_unsure_about(text: str, question: Question, form: Form) -> bool:
    """Return whether a text without parts says that this question, or every question, cannot be answered."""
    clauses = [clause for clause in re.split(r"[.;\n]|\bbut\b", text) if is_unsure(clause)]
    titles = {q.variable for q in form.questions if re.search(title_pattern(q), " ".join(clauses), re.IGNORECASE)}
    if not clauses or titles:
        return question.variable in titles
    return not any(match_option(text, other, everywhere=True) for other in form.questions)


def _parse_part(part: str, question: Question) -> str | None:
    """Return the value that a question's part of an answer gives, as `_parse_question` does."""
    if has_boxes(part):
        return match_option(ticked_options(part), question)
    list_value: str | None = None
    for line in part.split("\n"):
        if _REMARK.match(line):
            break
        value = _parse_line(line, question)
        if value is not None and not (value == SEVERAL and lists_all_options(line, question)):
            return value
        list_value = list_value or value
    return list_value


def _parse_line(line: str, question: Question) -> str | None:
    if not re.search(r"\w", line):
        return None
    bold = {value for match in _BOLD.finditer(line) if (value := match_option(match[1], question)) is not None}
    if len(bold) == 1:
        return bold.pop()
    if not declines(line):
        return match_option(line, question)
    sentences = re.split(r"(?<=[.;!?])\s+|\bbut (?!I\b)", line)
    answers = (sentence if is_unsure(sentence) else text_before_refusal(sentence) for sentence in sentences)
    value = match_option(". ".join(answers), question)
    return _REFUSED if value is None else value
