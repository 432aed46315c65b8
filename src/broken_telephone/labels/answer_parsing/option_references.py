"""Options that are named by their place: "Option 2", "the first option", or "c" below a list from a to e."""

import re
import string

from broken_telephone.labels.form import Form, Question

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_SHORT = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th")
_PLACES = {
    word: place
    for words in (_ORDINALS, _SHORT, string.digits[1:], string.ascii_lowercase[:9])
    for place, word in enumerate(words)
}
_WORD = r"(?:option|choice|alternative)"
_OPTION = re.compile(
    rf"\b{_WORD}\s*(?:number|no\.?|nr\.?|#)?\s*[(\[\"']*([1-9]|[a-i])\b(?!'|-\d)[)\]\"']*|"
    rf"\b({'|'.join(_ORDINALS + _SHORT)})\s+(?:of the )?{_WORD}\b",
    re.IGNORECASE,
)
# A key stands alone at the end of a line: behind the list, or where the list is asked for again.
_KEY = re.compile(
    r"(?:^|(?<=[:=>.;])|(?<=answer)|(?<=answer is))\s*[(\[\"'*]*([1-9]|[a-i])[)\]\"'*.,;}]*\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_BETWEEN = r"[\s,;/|.*_-]*(?:\b(?:or|and)\s+)?"


def without_keys(text: str, form: Form) -> tuple[str, set[str]]:
    """Take numbers and letters off restated options: "[1] male, [2] female" becomes "male / female".

    Returns:
        The text, and which questions' options had them. They stand in the form's order, from the first on, so that
        the numbers of the questions are not mistaken for them.
    """
    keyed = set()
    for question in form.questions:
        for keys in (string.ascii_lowercase, string.digits[1:]):
            text, times = _list(question, keys).subn(lambda match: " / ".join(filter(None, match.groups())), text)
            keyed |= {question.variable} if times else set()
    return text, keyed


def spelt_out(part: str, question: Question, keyed: bool) -> str:
    """Return a question's part of an answer with options in words; a place where there is none becomes nothing.

    Args:
        part: as `parts.parts` returns it.
        question: what it answers.
        keyed: whether the answer gives the options numbers or letters, so that these alone name one.
    """
    offered = list(question.options)

    def option(match: re.Match[str]) -> str:
        place = _PLACES[next(filter(None, match.groups())).lower()]
        return offered[place] if place < len(offered) else ""

    part = _OPTION.sub(option, part)
    return _KEY.sub(lambda match: f" {option(match)}", part) if keyed else part


def _list(question: Question, keys: str) -> re.Pattern[str]:
    """Return a pattern of at least two options in order, with a key before each."""
    items = [
        rf"(?<!\w)[(\[]?{key}\s*[)\].:=-]+\s*[*_\"']*({re.escape(word)})(?![\w-])[*_\"']*(?:\s*\([^()]*\))?"
        for key, word in zip(keys, question.options, strict=False)
    ]
    rest = ""
    for item in reversed(items[2:]):
        rest = rf"(?:{_BETWEEN}{item}{rest})?"
    return re.compile(_BETWEEN.join(items[:2]) + rest, re.IGNORECASE)
