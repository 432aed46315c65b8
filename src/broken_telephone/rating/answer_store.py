"""Stores answers of raters, one row per rater, picture and question, in any database that SQLAlchemy supports."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from broken_telephone.errors import StudyError
from broken_telephone.rating.database import open_engine, shown_url, trouble
from broken_telephone.rating.raters import identity, shown_name, spellings

logger = logging.getLogger(__name__)

CANNOT_TELL, SKIPPED = "unsure", "skipped"
RATING, ADJUDICATION, SHOWN = "rating", "adjudication", "shown"
"""Modes of a row. `SHOWN` is not an answer; it records that a rater saw the answers of others about a picture."""
LONGEST_COMMENT = 2000


def _key_columns() -> list[sa.Column[str]]:
    sizes = {"rater": 80, "mode": 20, "item": 40}
    return [sa.Column(name, sa.String(size), primary_key=True) for name, size in sizes.items()]


_metadata = sa.MetaData()
_answers = sa.Table(
    "answers",
    _metadata,
    *_key_columns(),
    sa.Column("attribute", sa.String(40), primary_key=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("category", sa.String(80)),
    sa.Column("at", sa.String(40), nullable=False),
)
_comments = sa.Table(
    "comments",
    _metadata,
    *_key_columns(),
    sa.Column("text", sa.Text, sa.CheckConstraint(f"length(text) <= {LONGEST_COMMENT}"), nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
)
# Database and spellings of a rater for which the warning was logged already.
_reported: set[tuple[str, ...]] = set()


class RaterAnswer(NamedTuple):
    """One answer of a rater."""

    rater: str
    mode: str
    item: str
    attribute: str
    status: str
    """valid, unsure (the rater cannot tell) or skipped."""
    category: str | None
    at: str


class AnswerStore:
    """Stores the answers of a study's raters.

    All spellings of a name are one rater, who is shown by the first spelling. If a rater answered a question under
    several spellings, the latest answer counts.
    """

    def __init__(self, url: str, reads_only: bool = False) -> None:
        """Open or create the database.

        Args:
            url: SQLAlchemy URL, such as sqlite:///ratings.sqlite.
            reads_only: whether nothing is changed; missing tables then count as empty.

        Raises:
            StudyError: if the database cannot be opened. All methods raise it if the database cannot be read or
                written.
        """
        self._url, self._engine = url, open_engine(url, reads_only)
        with self._connected("opened") as connection:
            if not reads_only:
                _metadata.create_all(connection)
                # This write fails now, not at the first answer, if the file is read-only.
                connection.execute(_answers.delete().where(sa.false()))
            self._tables = set(sa.inspect(connection).get_table_names())
        self._clock = threading.Lock()
        self._latest = max((at for at, _ in self._uses(_answers, sa.func.max)), default="")

    def answer(self, rater: str, mode: str, item: str, attribute: str, status: str, category: str | None) -> None:
        """Save an answer, which replaces an earlier answer to the same question."""
        where = {"rater": self.name_of(rater), "mode": mode, "item": item, "attribute": attribute}
        self._put(_answers, where, {"status": status, "category": category, "at": self._now()})

    def add(self, answers: Iterable[tuple[str, str, str, str, str | None]]) -> int:
        """Save ratings that were made elsewhere, in one transaction; answers that exist already stay.

        Args:
            answers: rater, item, attribute, status and category of each.

        Returns:
            The number of added answers.
        """
        existing = {(answer.rater, answer.item, answer.attribute) for answer in self.answers()}
        rows, names = [], self._names()
        for rater, item, attribute, status, category in answers:
            name = _shown(rater, names)
            if (name, item, attribute) not in existing:
                where = {"rater": name, "mode": RATING, "item": item, "attribute": attribute}
                rows.append({**where, "status": status, "category": category, "at": self._now()})
        if rows:
            with self._connected("written") as connection:
                connection.execute(_answers.insert(), rows)
        return len(rows)

    def take_back(self, rater: str, mode: str, item: str, attribute: str) -> None:
        """Delete an answer."""
        columns = _answers.c
        asked = (columns.mode == mode, columns.item == item, columns.attribute == attribute)
        names = self._names().get(identity(rater), [])
        with self._connected("written") as connection:
            connection.execute(_answers.delete().where(columns.rater.in_(names), *asked))

    def comment(self, rater: str, mode: str, item: str, text: str) -> None:
        """Save a comment on a picture, of at most `LONGEST_COMMENT` characters."""
        where = {"rater": self.name_of(rater), "mode": mode, "item": item}
        self._put(_comments, where, {"text": text, "at": self._now()})

    def name_of(self, rater: str) -> str:
        """Return the shown name of a rater: the spelling of their first answer, else the given one."""
        return _shown(rater, self._names())

    def answers(self, rater: str | None = None, mode: str = RATING) -> list[RaterAnswer]:
        """Return the answers of one rater or of all raters, in order of time."""
        names, asked = self._names(), [_answers.c.mode == mode]
        if rater is not None:
            asked.append(_answers.c.rater.in_(names.get(identity(rater), [])))
        answers: dict[tuple[str, ...], RaterAnswer] = {}
        twice: dict[str, int] = {}
        for row in self._rows(_answers, *asked):
            name = _shown(row["rater"], names)
            key = name, row["item"], row["attribute"]
            twice[name] = twice.get(name, 0) + (answers.pop(key, None) is not None)
            answers[key] = RaterAnswer(**{**row, "rater": name})
        for name, count in twice.items():
            if mode == RATING and len(names.get(identity(name), [])) > 1:
                self._report_spellings(name, names[identity(name)], count)
        return list(answers.values())

    def comments(self, mode: str = RATING) -> dict[tuple[str, str], str]:
        """Return (rater, picture) -> comment."""
        names, rows = self._names(), self._rows(_comments, _comments.c.mode == mode)
        return {(_shown(row["rater"], names), row["item"]): row["text"] for row in rows}

    def count(self, items: Iterable[str]) -> int:
        """Return the number of answers and comments about some pictures, of all raters and modes."""
        wanted, number = list(items), 0
        with self._connected("read") as connection:
            for table in (table for table in (_answers, _comments) if table.name in self._tables):
                for some in _portions(wanted):
                    query = sa.select(sa.func.count()).select_from(table).where(table.c.item.in_(some))
                    number += int(connection.execute(query).scalar_one())
        return number

    def forget(self, items: Iterable[str]) -> int:
        """Delete all answers and comments about some pictures; return their number.

        An SQLite file keeps no copy of them, nor of any text that was replaced earlier: the file is written anew.

        Raises:
            StudyError: if the database cannot be written, or another program reads an SQLite file, whose log then
                keeps the copies. The answers are deleted then, and the same call finishes the removal.
        """
        wanted = list(items)
        count = self.count(wanted)
        with self._connected("written") as connection:
            for table in (_answers, _comments):
                for some in _portions(wanted):
                    connection.execute(table.delete().where(table.c.item.in_(some)))
        if self._engine.dialect.name == "sqlite":
            self._write_anew()
        return count

    def _write_anew(self) -> None:
        """Write an SQLite file without its free pages, and empty its log."""
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM")
                is_busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        except sa.exc.SQLAlchemyError as error:
            raise trouble(self._url, "written", error) from error
        if is_busy:
            raise StudyError(
                f"The answers are deleted from {shown_url(self._url)}, but another program reads it, so its log keeps "
                "copies of them. Close that program, such as `kedro rate`, and repeat the command"
            )

    def _report_spellings(self, name: str, names: list[str], twice: int) -> None:
        if (self._url, *names) not in _reported:
            _reported.add((self._url, *names))
            logger.warning(
                "Rater %s answered under %d spellings, which count as one person: %s. %d questions were answered "
                "under several; the latest answer counts.",
                name,
                len(names),
                ", ".join(map(ascii, names)),
                twice,
            )

    def _names(self) -> dict[str, list[str]]:
        """Return identity -> spellings, in order of first use."""
        used = [row for table in (_answers, _comments) for row in self._uses(table, sa.func.min)]
        return spellings(name for _, name in sorted(used))

    def _uses(self, table: sa.Table, which: Any) -> list[tuple[str, str]]:
        """Return time and spelling of the first or last use, by the aggregate `which`."""
        if table.name not in self._tables:
            return []
        with self._connected("read") as connection:
            query = sa.select(which(table.c.at), table.c.rater).group_by(table.c.rater)
            return [(at, name) for at, name in connection.execute(query)]

    def _rows(self, table: sa.Table, *asked: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
        """Return rows in order of time."""
        if table.name not in self._tables:
            return []
        with self._connected("read") as connection:
            rows = connection.execute(sa.select(table).where(*asked).order_by(table.c.at)).mappings()
            return [dict(row) for row in rows]

    def _put(self, table: sa.Table, where: dict[str, Any], values: dict[str, Any]) -> None:
        """Update or insert a row in one transaction, with plain SQL for any database."""
        matches = [table.c[name] == value for name, value in where.items()]
        for is_last in (False, True):
            try:
                with self._connected("written") as connection:
                    if not connection.execute(table.update().where(*matches).values(**values)).rowcount:
                        connection.execute(table.insert().values(**where, **values))
                return
            except StudyError as error:
                # Another connection inserted the same answer in the meantime, so an update is due.
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
        """Return the time in UTC, always later than the latest answer, even if the clock was set back."""
        with self._clock:
            now = datetime.now(UTC)
            if self._latest:
                now = max(now, datetime.fromisoformat(self._latest) + timedelta(microseconds=1))
            self._latest = now.isoformat(timespec="microseconds")
            return self._latest


def _portions(items: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield portions that fit into one statement of any database."""
    return (items[start : start + 500] for start in range(0, len(items), 500))


def _shown(rater: str, names: Mapping[str, list[str]]) -> str:
    return shown_name(names.get(identity(rater), [rater])[0]) or "(no visible name)"
