"""Whom an answer is about: what it says of others than the main person is left out."""

import re

from broken_telephone.labels.answer_parsing.form_parts import title
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


def of_main_person(text: str, form: Form) -> str:
    """Return an answer without what it says of others, in a sentence or below a heading.

    A heading that goes on in its line owns that line, another one all up to the next heading or an empty line. It is
    another person's if it says so, or if one other heading is marked as the main person's.
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
    """Return whom a line is a heading of, and what follows in it; None if it is none, or a question's."""
    who, colon, rest = line.partition(":")
    markdown = line.lstrip().startswith(("#", "**"))
    if not (colon or markdown) or len(who) > _LONGEST or not _NAMES_PERSON.search(who):
        return None
    asks = any(re.search(title(question), who, re.IGNORECASE) for question in form.questions)
    return None if asks else (who, rest)
