"""Reads completions of the OpenAI protocol: texts, parts of texts, and thoughts."""

from collections.abc import Iterable
from typing import Any

from broken_telephone.models.protocols import Description

_CUT = {"length", "max_tokens", "model_length", "max_output_tokens"}
_FILTERED = {"content_filter", "safety", "prohibited_content", "blocklist"}
_THOUGHTS = {"thinking", "reasoning", "reasoning_text", "thought"}


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
