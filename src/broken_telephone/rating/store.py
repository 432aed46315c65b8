"""Where people's answers are kept: one row per rater, picture and question, in any database that SQLAlchemy knows."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from broken_telephone.errors import StudyError

CANNOT_TELL, SKIPPED = "unsure", "skipped"
RATING, ADJUDICATION = "rating", "adjudication"


def _whose() -> list[sa.Column[str]]:
    sizes = {"rater": 80, "mode": 20, "item": 40}
    return [sa.Column(name, sa.String(size), primary_key=True) for name, size in sizes.items()]


_metadata = sa.MetaData()
_answers = sa.Table(
    "answers",
    _metadata,
    *_whose(),
    sa.Column("attribute", sa.String(40), primary_key=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("category", sa.String(80)),
    sa.Column("at", sa.String(40), nullable=False),
)
_comments = sa.Table(
    "comments",
    _metadata,
    *_whose(),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
)


class Answered(NamedTuple):
    """One answer."""

    rater: str
    mode: str
    item: str
    attribute: str
    status: str
    """valid, unsure (the rater cannot tell) or skipped."""
    category: str | None
    at: str


class Store:
    """The answers of a study's raters."""

    def __init__(self, url: str) -> None:
        """Open the database, or make it.

        Args:
            url: of SQLAlchemy, such as sqlite:///ratings.sqlite.

        Raises:
            StudyError: if there is no such database, or it cannot be opened.
        """
        parsed, place = parsed_url(url), file_of(url)
        try:
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(parsed)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _safe_for_several)
            _metadata.create_all(self._engine)
        # Also a package that is not there, for databases of other kinds.
        except (sa.exc.SQLAlchemyError, ImportError, OSError) as error:
            hidden = parsed.render_as_string(hide_password=True)
            reason = getattr(error, "orig", None) or error
            raise StudyError(f"The database of rating.database, {hidden}, cannot be opened: {reason}") from error

    def answer(self, rater: str, mode: str, item: str, attribute: str, status: str, category: str | None) -> None:
        """Keep an answer; it takes the place of an earlier one to the same question."""
        where = {"rater": rater, "mode": mode, "item": item, "attribute": attribute}
        self._put(_answers, where, {"status": status, "category": category, "at": _now()})

    def take_back(self, rater: str, mode: str, item: str, attribute: str) -> None:
        """Forget an answer."""
        with self._engine.begin() as connection:
            where = {"rater": rater, "mode": mode, "item": item, "attribute": attribute}
            connection.execute(_answers.delete().where(*(_answers.c[name] == value for name, value in where.items())))

    def comment(self, rater: str, mode: str, item: str, text: str) -> None:
        """Keep a comment on a picture."""
        self._put(_comments, {"rater": rater, "mode": mode, "item": item}, {"text": text, "at": _now()})

    def answers(self, rater: str | None = None, mode: str = RATING) -> list[Answered]:
        """Return the answers of one rater or of all, in the order in which they were given."""
        query = sa.select(_answers).where(_answers.c.mode == mode).order_by(_answers.c.at)
        if rater is not None:
            query = query.where(_answers.c.rater == rater)
        with self._engine.connect() as connection:
            return [Answered(**row) for row in connection.execute(query).mappings()]

    def comments(self, mode: str = RATING) -> dict[tuple[str, str], str]:
        """Return the comments by rater and picture."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(_comments).where(_comments.c.mode == mode)).mappings()
            return {(row["rater"], row["item"]): row["text"] for row in rows}

    def _put(self, table: sa.Table, where: dict[str, Any], values: dict[str, Any]) -> None:
        """Update a row or insert it, whole or not at all: plain SQL, which every database has."""
        matches = [table.c[name] == value for name, value in where.items()]
        with self._engine.begin() as connection:
            if not connection.execute(table.update().where(*matches).values(**values)).rowcount:
                connection.execute(table.insert().values(**where, **values))


def parsed_url(url: str) -> sa.URL:
    """Return the parts of an address.

    Raises:
        StudyError: if it is none.
    """
    # A `?` in the path of a file begins no options: it is followed by a slash.
    match = re.match(r"(sqlite(?:\+\w+)?:///)(.*\?.*/)", url)
    if match:
        url = match[1] + match[2].replace("?", "%3F") + url[match.end() :]
    try:
        return sa.make_url(url)
    except sa.exc.ArgumentError:
        # It is not repeated here: it may hold a password.
        raise StudyError("rating.database must be an SQLAlchemy URL, for a file sqlite:///its/path.sqlite") from None


def file_of(url: str) -> Path | None:
    """Return the file of an SQLite database; None for any other."""
    parsed = parsed_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    return Path(str(parsed.database)) if is_file else None


def _safe_for_several(connection: Any, record: Any) -> None:
    # Readers do not wait for writers, and a writer waits for another instead of failing.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
