"""Finds the person that an answer refers to, and removes text about other people."""

import re

from broken_telephone.labels.answer_parsing.form_parts import title_pattern
from broken_telephone.labels.form import Form

_PERSON = (
    r"(?:persons?|people|individuals?|subjects?|figures?|m[ae]n|wom[ae]n|boys?|girls?|child(?:ren)?|kids?|bab(?:y|ies)|"
    r"adults?|lad(?:y|ies)|guys?|companions?)"
)
_OTHER = rf"\b(?:other|second|third|background) (?:\w+ )?{_PERSON}\b"
_IS_OTHER = re.compile(_OTHER, re.IGNORECASE)
_IS_MAIN = re.compile(r"\b(?:main|primary|principal|central|foreground)\b", re.IGNORECASE)
_NAMES_PERSON = re.compile(rf"\b{_PERSON}\b", re.IGNORECASE)
_LONGEST = 120
_SENTENCE = re.compile(
    rf"(?:(?<=[.!?;]\s)|^)[^\w\n]*(?:(?:the |an)?{_OTHER}|(?:behind|next to|beside|near) (?:him|her|them)\b|"
    r"in the background\b)[^.:\n]*(?:\.|$)",
    re.IGNORECASE | re.MULTILINE,
)


def keep_main_person(text: str, form: Form) -> str:
    """Return an answer without the sentences and headed sections about other people.

    A heading with text behind it owns its line. A heading alone owns all lines up to the next heading or empty line.
    A heading belongs to another person if it says so, or if exactly one other heading marks the main person.
    """
    lines = text.split("\n")
    headings = [_heading(line, form) for line in lines]
    marked = sum(_IS_MAIN.search(heading[0]) is not None for heading in headings if heading) == 1
    kept: list[str] = []
    left_out = None
    for line, heading in zip(lines, headings, strict=True):
        if heading:
            who, rest = heading
            other = not _IS_MAIN.search(who) and (marked or _IS_OTHER.search(who))
            left_out = 0 if other and not re.search(r"\w", rest) else None
            if other:
                continue
        elif left_out is not None and (line.strip() or not left_out):
            # Empty lines directly below a heading belong to it.
            left_out += bool(line.strip())
            continue
        else:
            left_out = None
        kept.append(line)
    return _SENTENCE.sub(lambda match: match.group() if _IS_MAIN.search(match.group()) else "", "\n".join(kept))


def _heading(line: str, form: Form) -> tuple[str, str] | None:
    """Split a heading about a person into the person and the rest of the line; None for any other line."""
    who, colon, rest = line.partition(":")
    markdown = line.lstrip().startswith(("#", "**"))
    if not (colon or markdown) or len(who) > _LONGEST or not _NAMES_PERSON.search(who):
        return None
    asks = any(re.search(title_pattern(question), who, re.IGNORECASE) for question in form.questions)
    return None if asks else (who, rest)
