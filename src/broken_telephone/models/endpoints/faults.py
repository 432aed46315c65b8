"""Reads the faults of endpoints, including those that report success."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_SHOWN = 80
# Words in the codes of errors that another try may not meet.
_TEMPORARY = ("rate_limit", "overload", "server_error", "timeout", "unavailable", "internal")
_FAULT = "broken_telephone_fault"
REJECTIONS = frozenset({400, 413, 415, 422})
"""Statuses for an input that a server cannot use, and for a request that is wrong for every input."""
_REFUSALS = frozenset({400, 403, 409, 422, 451})
_POLICY_CODE = re.compile(
    r"content_?filter|content_?policy|moderation|safety|prohibited_content|blocklist|responsible_?ai|sensitive_content"
)
_POLICY_WORDS = re.compile(
    r"safety system|content (?:management )?polic|content filter|content moderation|usage polic|moderation|nsfw"
    r"|violat\w* (?:our|the|a) \w*\s?polic|flagged|prohibited content|sensitive (?:content|words)"
)
_UNKNOWN_FIELD = (
    r"\b(?:unknown|unrecogni[sz]ed|unsupported|not support\w*|unexpected|extra|not permitted|not allowed"
    r"|does not accept)\b"
)
_OTHER_FIELDS = r"(?:['\"`]\w{1,40}['\"`][,\s]{1,3}(?:and )?){0,9}"
"""Further quoted names in a list."""
_LOCATION = re.compile(r"['\"]loc['\"]\s*:\s*[\[(]([^\])]{0,200})[\])]")
"""Where a validator found the fault, in JSON or as some servers quote it in a message."""


@dataclass(frozen=True)
class Fault:
    """States why an endpoint gave no answer, after all retries."""

    words: str
    """One sentence for people that says what to do, without secrets."""
    reason: str = ""
    """The same without advice, if the server answered."""
    status: int | None = None
    """The status of the answer; None if there was none in time."""
    codes: frozenset[str] = frozenset()
    """Code and type of the error, in lower case."""
    message: str = ""
    """What the server said, in lower case."""
    field: str | None = None
    """The field of the request that the server names as the cause."""

    @property
    def is_rejection(self) -> bool:
        """Whether the server cannot use this input, or this kind of request."""
        return self.status in REJECTIONS

    @property
    def is_refusal(self) -> bool:
        """Whether a code of the error names a content policy."""
        return self.status in _REFUSALS and any(_POLICY_CODE.search(code) for code in self.codes)

    @property
    def seems_a_refusal(self) -> bool:
        """Whether the words of the error are about a content policy. The account may be what violates it."""
        return self.status in _REFUSALS and (self.is_refusal or _POLICY_WORDS.search(self.message) is not None)

    def is_about_field(self, name: str) -> bool:
        """Return whether the server rejects a request because of this field.

        The server names the field as the cause (`param` or `loc`), or its words quote the name beside "unknown" and the
        like. A quoted request, in which any words may stand, is no such statement.
        """
        if not self.is_rejection:
            return False
        locations = (re.findall(r"['\"]([^'\"]+)['\"]", found) for found in _LOCATION.findall(self.message))
        if self.field == name or any(location[-1:] == [name] for location in locations):
            return True
        quoted = rf"['\"`]{re.escape(name)}['\"`](?!\s*:)"
        before = rf"{_UNKNOWN_FIELD}[^'\"`{{}}]{{0,40}}{_OTHER_FIELDS}{quoted}"
        behind = rf"{quoted}[^'\"`{{}}]{{0,40}}{_UNKNOWN_FIELD}"
        return re.search(f"{before}|{behind}", self.message) is not None


def read_fault(error: Any, statement: Callable[[str], str], in_words: Callable[[str, int], str]) -> Fault:
    """Return the fault of an answer with the status of an error.

    Args:
        error: the client's error.
        statement: makes the sentence from what the server said.
        in_words: makes the sentence with advice, for which it needs the status.
    """
    body = error.body if isinstance(error.body, dict) else {}
    codes = (body.get(name) for name in ("code", "type", "status"))
    reason = fault_of_success(error.response) or f"answered {error.status_code}: {error.message}"
    field = body.get("param")
    return Fault(
        in_words(reason, error.status_code),
        statement(reason),
        error.status_code,
        frozenset(str(code).lower() for code in codes if code is not None),
        f"{error.message} {json.dumps(error.body, ensure_ascii=False, default=str)}".lower().replace("\\", ""),
        field if isinstance(field, str) else None,
    )


def expose_fault(response: Any) -> None:
    """Set the status of a response that reports success but holds a fault, so that the client handles the fault.

    The client then repeats the request if another try may succeed. `fault_of_success` describes the fault.

    Args:
        response: a response of httpx, before the client reads it.
    """
    if response.status_code != 200 or "json" not in response.headers.get("content-type", ""):
        return
    response.read()
    try:
        body = json.loads(response.content)
    except ValueError:
        start = response.content[:_SHOWN].decode("utf-8", "replace")
        response.status_code, response.extensions[_FAULT] = 502, f"answered with invalid JSON: {start!r}"
        return
    if isinstance(body, dict) and (status_and_fault := _fault(body)) is not None:
        response.status_code, response.extensions[_FAULT] = status_and_fault


def fault_of_success(response: Any) -> str | None:
    """Return the fault of a response that reported success; None for any other response."""
    description: str | None = response.extensions.get(_FAULT)
    return description


def _fault(body: dict[str, Any]) -> tuple[int, str] | None:
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    error = body.get("error") or (first.get("error") if isinstance(first, dict) else None)
    if not error and body.get("object") == "error":
        error = body
    if error:
        return _status(error), f"answered with an error: {_message(error)}"
    if choices == []:
        return 502, "answered without a choice"
    if choices and not (isinstance(first, dict) and isinstance(first.get("message"), dict)):
        return 502, "answered with a choice that holds no message"
    return None


def _status(error: Any) -> int:
    """Return the status that an error should have had: the one in its code, else that of a refused request."""
    codes = [error.get(name) for name in ("code", "status", "type")] if isinstance(error, dict) else []
    for code in codes:
        if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()):
            return int(code) if 400 <= int(code) < 600 else 400
    words = " ".join(str(code).lower() for code in codes)
    return 503 if any(word in words for word in _TEMPORARY) else 400


def _message(error: Any) -> str:
    if isinstance(error, dict):
        message = error.get("message") or error.get("detail")
        return message if isinstance(message, str) else json.dumps(error, ensure_ascii=False)
    return str(error)
