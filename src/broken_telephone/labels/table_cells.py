"""Reads a cell of a researcher's own table: a code or word of the scheme, or words that the form parser knows.

The scheme's own codes and words come first. Other cells are translated only if the parser understands the whole cell
and it names one category: "36", "in her 40s", "F", "latina". All other cells get no value but a reason. For a misspelt
word the reader suggests a correction and does not apply it.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from broken_telephone.labels.answer_parsing.age_ranges import AgeRange, age_category, find_age_ranges
from broken_telephone.labels.answer_parsing.contested_options import SEVERAL
from broken_telephone.labels.answer_parsing.numerals import words_to_digits
from broken_telephone.labels.answer_parsing.option_matching import find_options
from broken_telephone.labels.answer_parsing.uncertainty import is_unsure
from broken_telephone.labels.answer_parsing.word_search import WordMatch, normalise_characters
from broken_telephone.labels.form import question
from broken_telephone.labels.scheme import UNSURE, Variable

MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "-", "--", "?", "."})
"""Markers of an empty cell, in lower case, unless the scheme has them as a value."""
_LONGEST = 200
"""Maximum number of characters of a cell that is read."""
_NUMBER = re.compile(r"(\d+)(?:[.,](\d+))?")
# Words that add nothing to a category: "about 36", "in their 40s", "dark skin".
_FILLERS = re.compile(
    r"\b(?:an?|the|about|around|approx(?:imately)?|circa|ca|roughly|in|his|her|their|aged?|of|is|or|years?|yrs?|y|old|"
    r"person|people|skin(?:ned)?|tone|complexion)\b"
)
_PUNCTUATION = re.compile(r"[\s.,;:/()\[\]'\"~]*")
_DATE = re.compile(r"\d{1,2}[-./ ]*[a-z]{3}\b|[a-z]{3}[-./ ]*\d{2}\b|\d{4}-\d{2}-\d{2}", re.IGNORECASE)


class Cell(NamedTuple):
    """The value of a variable in a cell."""

    kind: Literal["exact", "translated", "missing", "ambiguous", "unknown"]
    """Exact: a code or word of the scheme. Missing: an empty cell. Ambiguous, unknown: no value, see `reason`."""
    value: str | None
    """A category of the variable; null if the cell is missing, ambiguous or unknown."""
    reason: str = ""
    """Why there is no value, and what to write instead."""


def read_cell(text: str, name: str, variable: Variable, numbers_are_years: bool = True) -> Cell:
    """Read a cell.

    Args:
        text: content of the cell.
        name: name of the variable.
        variable: the concept or attribute that the column gives.
        numbers_are_years: for ages, whether a whole number is an age in years rather than a code.
    """
    if len(text) > _LONGEST:
        return Cell("unknown", None, f"is longer than a category ({len(text)} characters)")
    simple = normalise_characters(text)
    number = _whole(simple)
    is_year = bool(variable.years) and numbers_are_years and _NUMBER.fullmatch(simple) is not None
    for written in (text, simple, number):
        try:
            return Cell("exact", variable.read_word(written) if is_year else variable.read(written))
        except ValueError:
            continue
    if simple.casefold() in MISSING:
        return Cell("missing", None)
    return _of_number(simple, variable) if is_year else _of_words(simple, name, variable)


def years_or_codes(counts: Mapping[str, int], variable: Variable) -> bool:
    """Decide for a whole column whether its numbers are ages in years (True) or codes of the scheme (False).

    They are codes if all of them are codes, and years if at least half of them can only be years. Without codes or
    years in the scheme, only one reading is possible.

    Args:
        counts: text -> number of cells that hold it.
        variable: the concept or attribute that the column gives.

    Raises:
        ValueError: if some but fewer than half can only be years; the message gives the numbers.
    """
    if not (variable.years and variable.codes):
        return bool(variable.years)
    numbers = {
        text: _whole(normalise_characters(text)) for text in counts if _NUMBER.fullmatch(normalise_characters(text))
    }
    codes = sum(counts[text] for text, number in numbers.items() if number in variable.codes)
    years = {
        text: counts[text]
        for text in numbers
        if numbers[text] not in variable.codes and _of_number(text, variable).value
    }
    if 0 < sum(years.values()) < codes:
        most = sorted(years, key=lambda text: -years[text])[:5]
        raise ValueError(
            f"{codes} cells hold codes of the scheme ({', '.join(variable.codes)}), and {sum(years.values())} hold "
            f"other numbers, such as {', '.join(most)}, which could be ages in years. Correct these cells, or write "
            "every age in years with its unit, as '3 years'"
        )
    return bool(years)


def _whole(text: str) -> str:
    """Return a whole number without redundant zeros, such as 35 for 35.0; other text stays unchanged."""
    match = _NUMBER.fullmatch(text)
    return str(int(match[1][:9])) if match and not (match[2] or "").strip("0") else text


def _of_number(text: str, variable: Variable) -> Cell:
    """Read an age in years, rounded down to completed years."""
    match = _NUMBER.fullmatch(text)
    year = int(match[1][:9]) if match else 0
    category = age_category(AgeRange(year, year, 0, len(text)), variable.years)
    return Cell("translated", category) if category else Cell("unknown", None, _advice(text, variable))


def _of_words(text: str, name: str, variable: Variable) -> Cell:
    asked = question(name, name, variable)
    text = text.replace("_", " ").lower()
    text = words_to_digits(text) if variable.years else text
    mentions = find_options(text, asked, everywhere=False)
    named = list(dict.fromkeys(mention.category for mention in mentions))
    if is_unsure(text):
        return Cell("translated", UNSURE)
    if not mentions or not _is_understood(text, mentions):
        return Cell("unknown", None, _advice(text, variable))
    if named == [SEVERAL]:
        return Cell("ambiguous", None, _why_none(text, variable))
    if len(named) > 1:
        several = ", ".join("a category that the scheme lacks" if word == SEVERAL else word for word in named)
        return Cell("ambiguous", None, f"names several categories: {several}")
    return Cell("translated", named[0])


def _is_understood(text: str, mentions: list[WordMatch]) -> bool:
    """Return whether a text contains only its mentions and words without further meaning."""
    for mention in reversed(mentions):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    return _PUNCTUATION.fullmatch(_FILLERS.sub(" ", text)) is not None


def _why_none(text: str, variable: Variable) -> str:
    covered = [
        f"{category} ({first} to {last})" if last else f"{category} (from {first})"
        for span in find_age_ranges(text)
        for category, (first, last) in variable.years.items()
        if span.first <= (span.last if last is None else last) and first <= span.last
    ]
    if covered:
        return f"covers several categories: {', '.join(covered)}"
    return f"is a category that the scheme lacks. Accepted: {variable.accepted()}"


def _advice(text: str, variable: Variable) -> str:
    near = variable.nearest(text)
    parts = [f"did you mean {near}?"] if near else []
    if _NUMBER.fullmatch(text) and not variable.codes and not variable.years:
        parts.append("the scheme has no codes: write words, or name the scheme of the codes in dataset.scheme.")
    if variable.years and _DATE.search(text):
        parts.append("this looks like a date, which spreadsheet programs make of ranges such as 4-19.")
    years = " or an age in years" if variable.years else ""
    return " ".join([*parts, f"Accepted: {variable.accepted()}{years}"])
