"""Where people's answers are kept: one row per rater, picture and question, in any database that SQLAlchemy knows."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from broken_telephone.errors import StudyError
from broken_telephone.rating.database import open_engine, trouble
from broken_telephone.rating.raters import identity, shown_name, spellings

logger = logging.getLogger(__name__)

CANNOT_TELL, SKIPPED = "unsure", "skipped"
RATING, ADJUDICATION, SHOWN = "rating", "adjudication", "shown"
"""Modes of an answer. `SHOWN` is none: it keeps that a rater was shown the answers of others to a picture."""
LONGEST_COMMENT = 2000


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
    sa.Column("text", sa.Text, sa.CheckConstraint(f"length(text) <= {LONGEST_COMMENT}"), nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
)
# Of which database and spellings it was told that they are one person's.
_told: set[tuple[str, ...]] = set()


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
    """The answers of a study's raters.

    All spellings of a name are one rater, who is shown by the first. Where a database holds answers of one rater to
    one question under several spellings, the latest counts.
    """

    def __init__(self, url: str, reads_only: bool = False) -> None:
        """Open the database, or make it.

        Args:
            url: of SQLAlchemy, such as sqlite:///ratings.sqlite.
            reads_only: change nothing; tables that are missing are empty.

        Raises:
            StudyError: if there is no such database, or it cannot be opened. All methods raise it when the database
                can no longer be read or written.
        """
        self._url, self._engine = url, open_engine(url, reads_only)
        with self._connected("opened") as connection:
            if not reads_only:
                _metadata.create_all(connection)
                # A file that cannot be written is told now, not with the first answer.
                connection.execute(_answers.delete().where(sa.false()))
            self._tables = set(sa.inspect(connection).get_table_names())
        self._clock = threading.Lock()
        self._latest = max((at for at, _ in self._uses(_answers, sa.func.max)), default="")

    def answer(self, rater: str, mode: str, item: str, attribute: str, status: str, category: str | None) -> None:
        """Keep an answer; it takes the place of an earlier one to the same question."""
        where = {"rater": self.name_of(rater), "mode": mode, "item": item, "attribute": attribute}
        self._put(_answers, where, {"status": status, "category": category, "at": self._now()})

    def take_back(self, rater: str, mode: str, item: str, attribute: str) -> None:
        """Forget an answer."""
        columns = _answers.c
        asked = (columns.mode == mode, columns.item == item, columns.attribute == attribute)
        names = self._names().get(identity(rater), [])
        with self._connected("written") as connection:
            connection.execute(_answers.delete().where(columns.rater.in_(names), *asked))

    def comment(self, rater: str, mode: str, item: str, text: str) -> None:
        """Keep a comment on a picture, of at most `LONGEST_COMMENT` characters."""
        where = {"rater": self.name_of(rater), "mode": mode, "item": item}
        self._put(_comments, where, {"text": text, "at": self._now()})

    def name_of(self, rater: str) -> str:
        """Return how a rater is shown: the spelling under which they answered first, else the given one."""
        return _shown(rater, self._names())

    def answers(self, rater: str | None = None, mode: str = RATING) -> list[Answered]:
        """Return the answers of one rater or of all, in the order in which they were given."""
        names, asked = self._names(), [_answers.c.mode == mode]
        if rater is not None:
            asked.append(_answers.c.rater.in_(names.get(identity(rater), [])))
        found: dict[tuple[str, ...], Answered] = {}
        twice: dict[str, int] = {}
        for row in self._rows(_answers, *asked):
            name = _shown(row["rater"], names)
            key = name, row["item"], row["attribute"]
            twice[name] = twice.get(name, 0) + (found.pop(key, None) is not None)
            found[key] = Answered(**{**row, "rater": name})
        for name, count in twice.items():
            if mode == RATING and len(names.get(identity(name), [])) > 1:
                self._tell(name, names[identity(name)], count)
        return list(found.values())

    def comments(self, mode: str = RATING) -> dict[tuple[str, str], str]:
        """Return the comments by rater and picture."""
        names, rows = self._names(), self._rows(_comments, _comments.c.mode == mode)
        return {(_shown(row["rater"], names), row["item"]): row["text"] for row in rows}

    def _tell(self, name: str, names: list[str], twice: int) -> None:
        if (self._url, *names) not in _told:
            _told.add((self._url, *names))
            logger.warning(
                "Rater %s answered under %d spellings, which count as one person: %s. %d questions were answered "
                "under several; the latest answer counts.",
                name,
                len(names),
                ", ".join(map(ascii, names)),
                twice,
            )

    def _names(self) -> dict[str, list[str]]:
        """Return the spellings by identity, the one used first before others."""
        used = [row for table in (_answers, _comments) for row in self._uses(table, sa.func.min)]
        return spellings(name for _, name in sorted(used))

    def _uses(self, table: sa.Table, which: Any) -> list[tuple[str, str]]:
        """Return when each spelling was used first or last."""
        if table.name not in self._tables:
            return []
        with self._connected("read") as connection:
            query = sa.select(which(table.c.at), table.c.rater).group_by(table.c.rater)
            return [(at, name) for at, name in connection.execute(query)]

    def _rows(self, table: sa.Table, *asked: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
        """Return rows in the order in which they were written."""
        if table.name not in self._tables:
            return []
        with self._connected("read") as connection:
            rows = connection.execute(sa.select(table).where(*asked).order_by(table.c.at)).mappings()
            return [dict(row) for row in rows]

    def _put(self, table: sa.Table, where: dict[str, Any], values: dict[str, Any]) -> None:
        """Update a row or insert it, whole or not at all: plain SQL, which every database has."""
        matches = [table.c[name] == value for name, value in where.items()]
        for is_last in (False, True):
            try:
                with self._connected("written") as connection:
                    if not connection.execute(table.update().where(*matches).values(**values)).rowcount:
                        connection.execute(table.insert().values(**where, **values))
                return
            except StudyError as error:
                # The same answer, sent twice, was inserted by another connection in between.
                if is_last or not isinstance(error.__cause__, sa.exc.IntegrityError):
                    raise

    @contextmanager
    def _connected(self, what: str) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise trouble(self._url, what, error) from error

    def _now(self) -> str:
        """Return the time in UTC; never before the latest answer, also if the clock was set back."""
        with self._clock:
            now = datetime.now(UTC)
            if self._latest:
                now = max(now, datetime.fromisoformat(self._latest) + timedelta(microseconds=1))
            self._latest = now.isoformat(timespec="microseconds")
            return self._latest


def _shown(rater: str, names: Mapping[str, list[str]]) -> str:
    return shown_name(names.get(identity(rater), [rater])[0]) or "(no visible name)"
