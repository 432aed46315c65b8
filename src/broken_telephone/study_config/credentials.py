"""Detects secrets in settings, and hides them in messages."""

import re
from typing import Any

from pydantic_core import PydanticCustomError

SECRET = "secret"
"""Type of the error that refuses a setting without repeating its value."""

# The last word of a name decides whether its value is secret,
_LAST_WORD = re.compile(
    r"(?:api|access|secret)?key|(?:auth|access)?token|secrets?|passwords?|passwd|pwd|pass|passphrase"
    r"|auth|authori[sz]ation|authentication|cookies?|credentials?|sig|sas|bearer"
)
# unless the word before it shows that the value is harmless.
_HARMLESS = {
    "token": re.compile(
        r"eos|bos|pad|unk|sep|mask|cls|stop|image|video|audio|start|end|boi|eoi|boa|eoa|special|fake|think|max|min|new"
        r"|first|last|next|prompt"
    ),
    "key": re.compile(r"cache|sort|primary|foreign|public|group|partition|index|join|column|field|image|text|label"),
    "pass": re.compile(r"forward|backward|single|one|two|first|second|multi|low|high|band"),
}
_PREFIX = r"(?:(?:sk|pk|rk|xai|pplx|nvapi|glpat|xox[a-z])-|(?:sk|hf|gh[a-z]|glpat|gsk|r8|github_pat)_|AKIA|AIza|eyJ)"
# Limited lengths keep the search fast for any text.
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
    """Return the path of a literal secret in settings, such as "headers.Authorization"; None if there is none.

    A text is secret by its name or its form: a provider's key, a bearer token, or an address with a password.

    Args:
        stated: the settings.
        name: name of the settings.
        inside: whether the settings are below a secret name; every text and number is then secret.
    """
    inside = inside or _is_secret(name)
    if isinstance(stated, dict):
        for key, value in stated.items():
            # The tags of a request are pairs called key and value.
            own = "" if (name, key) == ("metadata", "key") else str(key)
            if (path := secret_in(value, own, inside)) is not None:
                return ".".join(part for part in (str(key), path) if part)
        return None
    if isinstance(stated, (list, tuple)):
        paths = (secret_in(value, name, inside) for value in stated)
        return next((path for path in paths if path is not None), None)
    if isinstance(stated, bool) or not isinstance(stated, (str, int, float)) or stated == "":
        return None
    return "" if inside or (isinstance(stated, str) and _without_secrets(stated) != stated) else None


def refusal(words: str) -> PydanticCustomError:
    """Return the error that refuses a setting without repeating its value."""
    # As a parameter, because Pydantic would treat braces in the message as fields.
    return PydanticCustomError(SECRET, "{words}", {"words": words})


def hide_secrets(text: str) -> str:
    """Return a message without users, passwords, keys and tokens, cut to 2,000 characters."""
    if len(text) > _LONGEST:
        # The last word may be the start of a secret.
        text = re.sub(r"\S{1,200}\Z", "", text[:_LONGEST]) + _HIDDEN
    return _USER_WITHOUT_SCHEME.sub(_HIDDEN, _without_secrets(text))


def _without_secrets(text: str) -> str:
    text = _USER.sub(_HIDDEN, text)
    text = _QUERY.sub(lambda match: match["before"] + _HIDDEN if _is_secret_in_query(match["name"]) else match[0], text)
    text = _ENTRY.sub(_without_value, text)
    for form in (_BEARER, _BASIC):
        text = form.sub(lambda match: match["before"] + _HIDDEN, text)
    return _KEY.sub(_HIDDEN, text)


def _without_value(match: re.Match[str]) -> str:
    # These words alone are common in texts, such as "key: happy".
    if not _is_secret(match["name"]) or (match["name"].lower() in ("key", "pass") and not match["mark"]):
        return match[0]
    # A short value is not a secret, as in "Invalid token: 5".
    if match["sign"] == ":" and match["value"] and len(match["value"]) < 6:
        return match[0]
    mark = match["mark"] or ""
    return f"{match['before']}{mark}{_HIDDEN}{mark}"


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
