"""Opens the database of ratings, with errors that state what to do."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import sqlalchemy as sa

from broken_telephone.errors import StudyError

PATIENCE = 10.0
"""Seconds that a writer waits for another writer."""
_SECRET = ("pass", "pwd", "secret", "token", "key", "connect")
_ADVICE = {
    "locked": "Another program holds it: close that program.",
    "readonly": "Make the file and its folder writable.",
    "full": "Make room on the disk.",
}


def parsed_url(url: str) -> sa.URL:
    """Parse a database URL.

    Raises:
        StudyError: if the URL is invalid, or names a database in memory.
    """
    # A `?` that is followed by a slash is part of a file path, not the start of options.
    if in_path := re.match(r"(sqlite(?:\+\w+)?:///)(.*\?.*/)", url):
        url = in_path[1] + in_path[2].replace("?", "%3F") + url[in_path.end() :]
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        # The message does not repeat the URL, which may contain a password.
        raise StudyError("rating.database must be an SQLAlchemy URL, for a file sqlite:///its/path.sqlite") from None
    if "@" in (parsed.host or ""):
        raise StudyError("The password in rating.database holds an @: write %40 for it")
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or ":memory:" in parsed.database:
            raise StudyError("rating.database must name a file, sqlite:///its/path.sqlite: answers in memory are lost")
        if parsed.database.startswith("~"):
            parsed = parsed.set(database=str(Path(parsed.database).expanduser()))
    return parsed


def below(url: str, folder: str | Path) -> str:
    """Return a URL in which a relative path of an SQLite file is below a folder."""
    parsed, file = parsed_url(url), file_of(url)
    if file is None or file.is_absolute() or str(parsed.database).startswith("file:"):
        return url
    return parsed.set(database=str(Path(folder) / file)).render_as_string(hide_password=False)


def file_of(url: str) -> Path | None:
    """Return the file of an SQLite database; None for other databases."""
    parsed = parsed_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    database = str(parsed.database)
    return Path(database.removeprefix("file:").partition("?")[0] if database.startswith("file:") else database)


def shown_url(url: str) -> str:
    """Return a URL without password and without secret options."""
    parsed = parsed_url(url)
    query = {name: value for name, value in parsed.query.items() if not _is_secret(name)}
    return parsed.set(query=query).render_as_string(hide_password=True)


def open_engine(url: str, reads_only: bool) -> sa.Engine:
    """Return an engine for a database; for writing, create the folder of an SQLite file.

    Raises:
        StudyError: if the kind of database is not supported, or the folder cannot be created.
    """
    parsed, file = parsed_url(url), file_of(url)
    try:
        if file is not None and not reads_only:
            file.parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, pool_pre_ping=True)
    # ImportError: the driver of another kind of database is not installed.
    except (sa.exc.SQLAlchemyError, ImportError, OSError) as error:
        raise trouble(url, "opened", error) from error
    if file is not None:
        sa.event.listen(engine, "connect", _reads_alone if reads_only else _writes_beside_others)
    return engine


def trouble(url: str, what: str, error: BaseException) -> StudyError:
    """Return an error that states what failed with a database, why, and what to do, without secrets.

    Args:
        url: URL of the database.
        what: the failed operation: opened, read or written.
        error: exception of the database.
    """
    reason = str(getattr(error, "orig", None) or error).strip().rstrip(".")
    parsed = parsed_url(url)
    secrets = [parsed.password, *(value for name, value in parsed.query.items() if _is_secret(name))]
    for secret in (str(secret) for secret in secrets if secret):
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret)):
            reason = reason.replace(spelling, "***")
    advice = next((words for sign, words in _ADVICE.items() if sign in reason), "")
    return StudyError(
        f"The database of rating.database, {shown_url(url)}, cannot be {what}: {reason}. {advice}".rstrip()
    )


def _is_secret(name: str) -> bool:
    return any(sign in name.lower() for sign in _SECRET)


def _reads_alone(connection: Any, record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout={round(1000 * PATIENCE)}")


def _writes_beside_others(connection: Any, record: Any) -> None:
    # With WAL, readers do not wait for writers, and a writer waits for another writer.
    _reads_alone(connection, record)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
