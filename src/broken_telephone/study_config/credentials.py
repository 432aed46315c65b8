"""Detects secrets in settings, and hides them in messages."""

import re
from typing import Any

from pydantic_core import PydanticCustomError

SECRET = "secret"
"""The type of the error by which a setting is refused without being repeated."""

# A name is secret by its last word.
_LAST_WORD = re.compile(
    r"(?:api|access|secret)?key|(?:auth|access)?token|secrets?|passwords?|passwd|pwd|pass|passphrase"
    r"|auth|authori[sz]ation|authentication|cookies?|credentials?|sig|sas|bearer"
)
# Unless the word before says what else it is.
_HARMLESS = {
    "token": re.compile(
        r"eos|bos|pad|unk|sep|mask|cls|stop|image|video|audio|start|end|boi|eoi|boa|eoa|special|fake|think|max|min|new"
        r"|first|last|next|prompt"
    ),
    "key": re.compile(r"cache|sort|primary|foreign|public|group|partition|index|join|column|field|image|text|label"),
    "pass": re.compile(r"forward|backward|single|one|two|first|second|multi|low|high|band"),
}
_PREFIX = r"(?:(?:sk|pk|rk|xai|pplx|nvapi|glpat|xox[a-z])-|(?:sk|hf|gh[a-z]|glpat|gsk|r8|github_pat)_|AKIA|AIza|eyJ)"
# Lengths are limited, so that no text takes long to search.
_KEY = re.compile(
    rf"\b{_PREFIX}(?=[\w.+=-]{{0,120}}?(?:[A-Za-z0-9]{{16}}|(?=[A-Za-z]{{0,11}}\d)[A-Za-z0-9]{{12}}))[\w.+=-]{{12,}}"
)
_BEARER = re.compile(r"(?P<before>\b(?i:bearer)\s{1,9}(?=[^\s'\",]{8})(?=[^\s'\",\d]{0,300}\d))[^\s'\",]+")
_BASIC = re.compile(
    r"(?P<before>\b(?i:basic)\s{1,9}(?=[\w+/=-]{8})(?:(?=[\w+/-]{2,300}=)|(?=\w{0,300}\d)(?=\w[^\WA-Z]{0,300}[A-Z])))[^\s'\",]+"
)
_USER = re.compile(r"(?<=://)(?:[^\s'\"/:]{0,100}:[^\s'\"]{0,300}|[^/\s@'\"]{1,300})(?=@)")
_USER_WITHOUT_SCHEME = re.compile(r"(?<![^\s'\"(=,])[^\s/@'\":,=(){}\[\]]{1,100}:[^\s/@'\"]{1,200}(?=@\w)")
_QUERY = re.compile(r"(?P<before>[?&](?P<name>[\w.-]{1,60})=)(?P<value>[^&\s'\"#]+)")
_ENTRY = re.compile(
    r"(?P<before>(?<![\w.-])(?P<name>[A-Za-z_-][\w.-]{0,60})['\"]?\s{0,9}(?P<sign>[:=])\s{0,9})"
    r"(?:(?P<mark>['\"])(?P<quoted>[^'\"]+)(?P=mark)|(?P<value>(?:(?i:bearer|basic|token|digest)\s{1,9})?[^\s'\",;&]+))"
)
_HIDDEN = "…"
_LONGEST = 2000


def secret_in(stated: Any, name: str = "", inside: bool = False) -> str | None:
    """Return where settings hold a literal secret, such as "headers.Authorization"; None if nowhere.

    A text is a secret if its name or its form says so: a provider's key, a bearer token, or an address with a password.

    Args:
        stated: settings.
        name: of the settings.
        inside: whether they stand under a secret name, so that every text and number among them is a secret.
    """
    inside = inside or _is_secret(name)
    if isinstance(stated, dict):
        for key, value in stated.items():
            # Tags of a request are pairs of a key and a value.
            own = "" if (name, key) == ("metadata", "key") else str(key)
            if (found := secret_in(value, own, inside)) is not None:
                return ".".join(part for part in (str(key), found) if part)
        return None
    if isinstance(stated, (list, tuple)):
        found_in = (secret_in(value, name, inside) for value in stated)
        return next((found for found in found_in if found is not None), None)
    if isinstance(stated, bool) or not isinstance(stated, (str, int, float)) or stated == "":
        return None
    return "" if inside or (isinstance(stated, str) and _without_secrets(stated) != stated) else None


def refusal(words: str) -> PydanticCustomError:
    """Return the error that refuses a setting without repeating it."""
    # Braces would be taken for places to fill in.
    return PydanticCustomError(SECRET, "{words}", {"words": words})


def hide_secrets(text: str) -> str:
    """Return a message without the users and passwords, keys and tokens in it, cut to 2,000 characters."""
    if len(text) > _LONGEST:
        # The last word may be the beginning of a secret.
        text = re.sub(r"\S{1,200}\Z", "", text[:_LONGEST]) + _HIDDEN
    return _USER_WITHOUT_SCHEME.sub(_HIDDEN, _without_secrets(text))


def _without_secrets(text: str) -> str:
    text = _USER.sub(_HIDDEN, text)
    text = _QUERY.sub(lambda found: found["before"] + _HIDDEN if _is_secret_in_query(found["name"]) else found[0], text)
    text = _ENTRY.sub(_without_value, text)
    for form in (_BEARER, _BASIC):
        text = form.sub(lambda found: found["before"] + _HIDDEN, text)
    return _KEY.sub(_HIDDEN, text)


def _without_value(found: re.Match[str]) -> str:
    # Alone, these words are common in texts: "key: happy".
    if not _is_secret(found["name"]) or (found["name"].lower() in ("key", "pass") and not found["mark"]):
        return found[0]
    # "Invalid token: 5".
    if found["sign"] == ":" and found["value"] and len(found["value"]) < 6:
        return found[0]
    mark = found["mark"] or ""
    return f"{found['before']}{mark}{_HIDDEN}{mark}"


def _is_secret_in_query(name: str) -> bool:
    return _is_secret(name) or _words(name)[-1:] == ["signature"]


def _is_secret(name: str) -> bool:
    words = _words(name)
    if not words:
        return False
    before, last = words[-2] if len(words) > 1 else "", words[-1]
    if last == "keys":
        return before in ("api", "access", "secret", "private", "auth")
    harmless = last in _HARMLESS and _HARMLESS[last].fullmatch(before)
    return _LAST_WORD.fullmatch(last) is not None and not harmless


def _words(name: str) -> list[str]:
    """Split a name in snake, kebab or camel case into words without the numbers at their ends."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", name)
    return [word for part in spaced.lower().split() if (word := part.rstrip("0123456789"))]
