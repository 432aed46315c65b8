"""Converts JSON-like records, such as "question: age, answer: 20-39", to titled lines."""

import re

_QUESTION = r"(?:question|field|attribute|category|item|key|name|number|id)"
_ANSWER = r"(?:answer|value|response|label|choice)"
_RECORD = re.compile(
    rf"[\"']?\b{_QUESTION}[\"']?\s*[:=]\s*[\"']?([^\"'\n:,{{}}]{{1,60}}?)[\"']?\s*[,;\n]\s*[\"']?{_ANSWER}[\"']?\s*[:=]",
    re.IGNORECASE,
)
# A key that contains a record becomes a heading: {"main_person": {"age": ...}}.
_OBJECT = re.compile(r"[\"'](\w+)[\"']\s*:\s*\{")


def json_to_lines(text: str) -> str:
    """Return a text in which each question stands directly before its answer."""
    text = _OBJECT.sub(lambda match: f"\n{match[1].replace('_', ' ')}:\n", text)
    return _RECORD.sub(r"\n\1:", text)
