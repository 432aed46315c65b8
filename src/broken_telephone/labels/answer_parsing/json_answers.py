"""Lists of questions and answers, as JSON has them, written as titled lines: "question: age, answer: 20-39"."""

import re

_QUESTION = r"(?:question|field|attribute|category|item|key|name|number|id)"
_ANSWER = r"(?:answer|value|response|label|choice)"
_RECORD = re.compile(
    rf"[\"']?\b{_QUESTION}[\"']?\s*[:=]\s*[\"']?([^\"'\n:,{{}}]{{1,60}}?)[\"']?\s*[,;\n]\s*[\"']?{_ANSWER}[\"']?\s*[:=]",
    re.IGNORECASE,
)


# What holds others is a heading: {"main_person": {"age": ...}}.
_OBJECT = re.compile(r"[\"'](\w+)[\"']\s*:\s*\{")


def as_lines(text: str) -> str:
    """Return a text in which what is asked stands directly before what is answered."""
    text = _OBJECT.sub(lambda match: f"\n{match[1].replace('_', ' ')}:\n", text)
    return _RECORD.sub(r"\n\1:", text)
