"""Reads a filled-in form as a careful person would: which option each line names, if it names one.

Numbers may be lost, lines reordered, brackets, markup and talk added. Which part of the answer belongs to a question
is told in `parts`, what a part says in `saying`. Nothing is guessed: two options, or a word that the form does not
offer, are invalid, and what cannot be told is unsure.
"""

import re
from dataclasses import dataclass
from typing import Literal

from broken_telephone.labels.answer_parsing.answer_subject import of_main_person
from broken_telephone.labels.answer_parsing.contested_options import SEVERAL
from broken_telephone.labels.answer_parsing.form_parts import parts, pieces, title
from broken_telephone.labels.answer_parsing.json_answers import as_lines
from broken_telephone.labels.answer_parsing.option_matching import is_echo, said
from broken_telephone.labels.answer_parsing.option_references import spelt_out, without_keys
from broken_telephone.labels.answer_parsing.refusals import before_declining, declines, is_refusal
from broken_telephone.labels.answer_parsing.thinking_marks import separate
from broken_telephone.labels.answer_parsing.tick_boxes import has_boxes, ticked
from broken_telephone.labels.answer_parsing.uncertainty import is_unsure
from broken_telephone.labels.answer_parsing.word_search import plain
from broken_telephone.labels.form import Form, Question
from broken_telephone.labels.scheme import UNSURE

Status = Literal["valid", "unsure", "invalid", "refused"]

_REFUSED = "(refused)"
"""Stands for a category where an answer declines."""
_BOLD = re.compile(r"\*\*\s*([^*\n]+?)\s*\*\*")
# Lines behind the form.
_REMARK = re.compile(r"\W*(?:please )?(?:notes?|explanations?|disclaimer|remarks?|comments?)\b", re.IGNORECASE)
# What the end of an answer broke off: "African-", of which nobody knows how it goes on.
_BROKEN_OFF = re.compile(r"(?:\w+-)+[\s.]*$")
_LAST_WORD = re.compile("[\\w+\u2010-\u2015-]+\\Z")
_CODE = re.compile(r"^\W*[0-9a-e]\W*$", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """What a form says of one attribute."""

    status: Status
    category: str | None
    """Null unless the status is valid."""


def read_form(text: str, form: Form, refused: bool = False, truncated: bool = False) -> dict[str, Reading]:
    """Read an answer to a form.

    Args:
        text: what the model wrote.
        form: what it was asked.
        refused: whether a content filter stepped in.
        truncated: whether the limit came before the end, so that the last word may lack its own: a 4 may be of 40-69.

    Returns:
        Attribute -> reading, for every question of the form. All are refused if the answer declines and holds at
        most one word by chance that is an option; one is, if its line declines.
    """
    text = _LAST_WORD.sub("", text) if truncated else text
    text = _BROKEN_OFF.sub("", plain(separate(text, truncated=truncated).answer))
    text, keyed = without_keys(of_main_person(as_lines(text), form), form)
    own = {
        q.variable: [spelt_out(part, q, q.variable in keyed) for part in parts(text, place, form)]
        for place, q in enumerate(form.questions)
    }
    listed = _listed(text, form)
    if _gives_codes(own, form):
        own = {name: [_CODE.sub("", part) for part in said_parts] for name, said_parts in own.items()}
    found = {q.variable: _read(text, own[q.variable], listed[q.variable], q, form) for q in form.questions}
    named = sum(value not in (None, SEVERAL, UNSURE, _REFUSED) for value in found.values())
    nothing = all(value in (None, SEVERAL, _REFUSED) for value in found.values())
    loose = not any(own.values()) and UNSURE not in found.values()
    if refused or (named < 2 and (is_refusal(text) or (declines(text) and (nothing or loose)))):
        return {name: Reading("refused", None) for name in found}
    return {name: _reading(value) for name, value in found.items()}


def _reading(value: str | None) -> Reading:
    if value == _REFUSED:
        return Reading("refused", None)
    if value is None or value == SEVERAL:
        return Reading("invalid", None)
    return Reading("unsure", None) if value == UNSURE else Reading("valid", value)


def _gives_codes(own: dict[str, list[str]], form: Form) -> bool:
    """Return whether an answer gives codes instead of words, so that a 4 for an age is no age of four years."""
    words = [part for question in form.questions if not question.years for part in own[question.variable]]
    return bool(words) and all(_CODE.fullmatch(part) for part in words)


def _read(text: str, own: list[str], listed: str | None, question: Question, form: Form) -> str | None:
    """Return the category that an answer names for a question, `UNSURE`, `SEVERAL`, `_REFUSED` or None."""
    if own:
        values = [value for part in own if (value := _of_part(part, question)) is not None]
        named = {value for value in values if value != SEVERAL}
        # A list of options that is repeated before it is answered names several.
        return named.pop() if len(named) == 1 else SEVERAL if values else None
    value = listed or said(text, question, everywhere=True)
    return UNSURE if value is None and _is_unsure_of(text, question, form) else value


def _listed(text: str, form: Form) -> dict[str, str | None]:
    """Return what a bare list in the form's order says; in another order, its words still tell what they are about."""
    for found, least in pieces(text, form):
        said_in_order = [
            _of_part(spelt_out(piece, q, False), q) for piece, q in zip(found, form.questions, strict=True)
        ]
        if sum(value is not None for value in said_in_order) >= least:
            return {q.variable: value for q, value in zip(form.questions, said_in_order, strict=True)}
        anyhow = {q.variable: _said_once(found, q) for q in form.questions}
        if sum(value is not None for value in anyhow.values()) >= least:
            return anyhow
    return {q.variable: None for q in form.questions}


def _said_once(found: list[str], question: Question) -> str | None:
    # More than a word or two may be about anything.
    values = {said(piece, question, everywhere=len(piece.split()) > 2) for piece in found} - {None, UNSURE}
    return values.pop() if len(values) == 1 else None


def _is_unsure_of(text: str, question: Question, form: Form) -> bool:
    """Return whether a text without parts says that this question cannot be answered, or that none can."""
    clauses = [clause for clause in re.split(r"[.;\n]|\bbut\b", text) if is_unsure(clause)]
    titles = {q.variable for q in form.questions if re.search(title(q), " ".join(clauses), re.IGNORECASE)}
    if not clauses or titles:
        return question.variable in titles
    return not any(said(text, other, everywhere=True) for other in form.questions)


def _of_part(part: str, question: Question) -> str | None:
    """Return what a question's part of an answer says: a category, `UNSURE`, `SEVERAL`, `_REFUSED` or None."""
    if has_boxes(part):
        return said(ticked(part), question)
    seen: str | None = None
    for line in part.split("\n"):
        if _REMARK.match(line):
            break
        value = _of_line(line, question)
        if value is not None and not (value == SEVERAL and is_echo(line, question)):
            return value
        seen = seen or value
    return seen


def _of_line(line: str, question: Question) -> str | None:
    if not re.search(r"\w", line):
        return None
    bold = {value for match in _BOLD.finditer(line) if (value := said(match[1], question)) is not None}
    if len(bold) == 1:
        return bold.pop()
    if not declines(line):
        return said(line, question)
    sentences = re.split(r"(?<=[.;!?])\s+|\bbut (?!I\b)", line)
    kept = (sentence if is_unsure(sentence) else before_declining(sentence) for sentence in sentences)
    value = said(". ".join(kept), question)
    return _REFUSED if value is None else value
