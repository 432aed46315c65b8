"""Reads completions of the OpenAI protocol: texts, parts of texts, thoughts, and faults with the status of success."""

import json
from collections.abc import Iterable
from typing import Any

from broken_telephone.models.protocols import Description

_SHOWN = 80
_CUT = {"length", "max_tokens", "model_length", "max_output_tokens"}
_FILTERED = {"content_filter", "safety", "prohibited_content", "blocklist"}
_THOUGHTS = {"thinking", "reasoning", "reasoning_text", "thought"}
# Words in the codes of errors that another try may not meet.
_TEMPORARY = ("rate_limit", "overload", "server_error", "timeout", "unavailable", "internal")
_FAULT = "broken_telephone_fault"


def written(completion: Any) -> Description | None:
    """Read the output in a chat completion; return None for anything else, such as a proxy's web page."""
    choices = getattr(completion, "choices", None)
    if not choices:
        return None
    message, reason = choices[0].message, str(getattr(choices[0], "finish_reason", None) or "").lower()
    content = getattr(message, "content", None)
    texts, thoughts = _parts(content)
    parts = content if isinstance(content, list) else []
    declined = any(isinstance(part, dict) and part.get("type") == "refusal" for part in parts)
    refusal = getattr(message, "refusal", None)
    # Names that servers with a reasoning parser give to thoughts.
    named = (getattr(message, name, None) for name in ("reasoning_content", "reasoning"))
    return Description(
        text=texts or (refusal if isinstance(refusal, str) else ""),
        thought="".join(_parts(next(filter(None, named), None))) or thoughts or None,
        tokens=getattr(getattr(completion, "usage", None), "completion_tokens", None),
        truncated=reason in _CUT,
        refused=reason in _FILTERED or bool(refusal) or declined,
    )


def _parts(content: Any) -> tuple[str, str]:
    """Return the texts and the thoughts of a content, which is a text, null, or a list of parts."""
    if isinstance(content, str):
        return content, ""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type", "text"))
            inner = next((part[name] for name in ("text", "output_text", kind) if part.get(name)), None)
            (thoughts if kind in _THOUGHTS else texts).append("".join(_parts(inner)))
    return _joined(texts), _joined(thoughts)


def _joined(parts: Iterable[str]) -> str:
    """Join parts, with a line break between parts that no white space separates."""
    text = ""
    for part in parts:
        seam = text and part and not text[-1].isspace() and not part[0].isspace()
        text += ("\n" if seam else "") + part
    return text


def expose_fault(response: Any) -> None:
    """Set the status of a response that reports success but holds a fault, so that the client handles the fault.

    The client then repeats the request if another try may succeed. `fault` returns the description of the fault.

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


def fault(response: Any) -> str | None:
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
