"""Finds keys, tokens and passwords where none may be: in settings, which are recorded, and in messages."""

import re
from typing import Any

from pydantic_core import PydanticCustomError

SECRET = "secret"
"""The type of the error by which a setting is refused without being repeated."""

_NAMES = (
    r"(?:(?:proxy|www|x|x_amz|x_goog|http)_)*(?:authori[sz]ation|authentication|credentials?|cookie|set_cookie|password|passwd|pwd"
    r"|passphrase|bearer|sig|signature|sas|auth|key|token|use_auth_token|secret|\w*secret(?:_\w+)?"
    r"|\w*(?:api|access|account|auth|private|subscription|secret|function|functions|goog|service|master)_?key(?:_id)?"
    r"|\w*(?:access|api|auth|bearer|hf|hub|id|refresh|sas|security|session|csrf|private|service|vault)_?token"
    r"|\w*_(?:password|passwd|pwd|credentials?|signature))"
)
_NAME = re.compile(_NAMES)
_PREFIXES = r"(?:sk|pk|rk|xai|pplx|nvapi|xox[a-z])-|(?:sk|hf|gh[a-z]|glpat|gsk|r8|github_pat)_|AKIA|AIza|eyJ|glpat-"
_USER = re.compile(
    r"(?<=://)(?:[^\s'\"]*:[^\s'\"]*|[^/\s@'\"]+)(?=@)|(?<![\w./])[^\s/@'\":,{}\[\]]+:[^\s/@'\"]+(?=@\w)"
)
_QUERY = re.compile(r"(?P<before>[?&](?P<name>[\w.-]+)=)(?P<value>[^&\s'\"#]+)")
_IN_TEXT = re.compile(
    rf"(?P<before>\b(?:bearer\s+(?=\S{{6}})|basic\s+(?=\S*[\d=])(?=\S{{8}})))[^\s'\",]+|\b(?:{_PREFIXES})[\w.+/=-]{{12,}}"
    r"|(?P<entry>(?P<quote>['\"])(?P<name>[\w.-]+)(?P=quote)\s*:\s*)(?P<mark>['\"])(?P<value>.*?)(?P=mark)",
    re.IGNORECASE,
)
_HIDDEN = "…"


def secret_in(stated: Any, name: str = "") -> str | None:
    """Return where settings hold a literal secret, such as "headers.Authorization"; None if nowhere.

    A secret is a text that is named like one, or looks like one: a key of a known provider, a bearer token, an address
    with a password or a key in it. Numbers and truth values are none.
    """
    if isinstance(stated, dict):
        for key, value in stated.items():
            if (found := secret_in(value, str(key))) is not None:
                return ".".join(part for part in (str(key), found) if part)
        return None
    if isinstance(stated, (list, tuple)):
        found_in = (secret_in(value, name) for value in stated)
        return next((found for found in found_in if found is not None), None)
    if not isinstance(stated, str) or not stated:
        return None
    return "" if _is_secret(name) or hide_secrets(stated) != stated else None


def refusal(words: str) -> PydanticCustomError:
    """Return the error that refuses a setting without repeating it."""
    # Braces would be taken for places to fill in.
    return PydanticCustomError(SECRET, "{words}", {"words": words})


def hide_secrets(text: str) -> str:
    """Return a text without the users and passwords, keys and tokens that stand in it."""
    text = _USER.sub(_HIDDEN, text)
    text = _QUERY.sub(lambda found: found["before"] + _HIDDEN if _is_secret(found["name"]) else found[0], text)
    return _IN_TEXT.sub(_without_value, text)


def _without_value(found: re.Match[str]) -> str:
    if found["entry"] is None:
        return (found["before"] or "") + _HIDDEN
    return f"{found['entry']}{found['mark']}{_HIDDEN}{found['mark']}" if _is_secret(found["name"]) else found[0]


def _is_secret(name: str) -> bool:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|\W+", "_", name).strip("_").lower()
    return _NAME.fullmatch(words) is not None
