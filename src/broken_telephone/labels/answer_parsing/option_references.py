"""Resolves options that an answer gives by position: "Option 2", "the first option", or "c" in a list from a to e."""

import re
import string

from broken_telephone.labels.form import Form, Question

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_SHORT = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th")
_NUMBERS = {
    word: number
    for words in (_ORDINALS, _SHORT, string.digits[1:], string.ascii_lowercase[:9])
    for number, word in enumerate(words)
}
_WORD = r"(?:option|choice|alternative)"
_OPTION = re.compile(
    rf"\b{_WORD}\s*(?:number|no\.?|nr\.?|#)?\s*[(\[\"']*([1-9]|[a-i])\b(?!'|-\d)[)\]\"']*|"
    rf"\b({'|'.join(_ORDINALS + _SHORT)})\s+(?:of the )?{_WORD}\b",
    re.IGNORECASE,
)
# A key is a single letter or digit at the end of a line.
_KEY = re.compile(
    r"(?:^|(?<=[:=>.;])|(?<=answer)|(?<=answer is))\s*[(\[\"'*]*([1-9]|[a-i])[)\]\"'*.,;}]*\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_BETWEEN = r"[\s,;/|.*_-]*(?:\b(?:or|and)\s+)?"


def strip_option_keys(text: str, form: Form) -> tuple[str, set[str]]:
    """Remove numbers and letters from repeated options: "[1] male, [2] female" becomes "male / female".

    Returns:
        The text, and the questions whose options had keys. Keys must follow the form's order from the first option on,
        so that question numbers are not mistaken for keys.
    """
    keyed = set()
    for question in form.questions:
        for keys in (string.ascii_lowercase, string.digits[1:]):
            text, times = _list(question, keys).subn(lambda match: " / ".join(filter(None, match.groups())), text)
            keyed |= {question.variable} if times else set()
    return text, keyed


def resolve_references(part: str, question: Question, keyed: bool) -> str:
    """Replace references to options in a part of an answer by the options; a reference to no option is removed.

    Args:
        part: a part as `form_parts.find_parts` returns it.
        question: the question that the part answers.
        keyed: whether the answer gives keys to the options, so that a key alone names an option.
    """
    offered = list(question.options)

    def option(match: re.Match[str]) -> str:
        number = _NUMBERS[next(filter(None, match.groups())).lower()]
        return offered[number] if number < len(offered) else ""

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
