"""Hashes everything that a figure depends on: its function and data, this package's code, libraries and fonts.

A figure with an equal digest would be drawn again byte by byte. Where that is not certain, there is no digest.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, NoneType
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from broken_telephone.reporting.fonts import families

_PACKAGE = Path(__file__).parents[2]
_LIBRARIES = ("matplotlib", "numpy", "pandas", "pillow", "contourpy", "fonttools", "cycler", "kiwisolver", "scipy")
_EXACT = {str, int, float, bool, NoneType, type(pd.NA)}
"""Types whose `repr` tells every two different values apart."""


class InputDigests:
    """Computes the digests of planned figures. Tables that several figures share are hashed once."""

    def __init__(self) -> None:
        self._tables: dict[int, tuple[pd.DataFrame, bytes]] = {}
        """Id of a table -> the table, which keeps the id taken, and its hash."""

    def of(self, plan: Callable[[], object]) -> str | None:
        """Return the digest of a planned figure: a function of this package, or a `functools.partial` of one.

        Returns:
            None if the plan holds something whose content cannot be hashed, or if the code may have changed since this
            process began. Such a figure is drawn in every run.
        """
        surroundings = surroundings_digest()
        if surroundings is None:
            return None
        try:
            return _hashed([surroundings.encode(), *self._parts(plan)]).hex()
        except _UnknownError:
            return None

    def _parts(self, value: Any) -> Iterator[bytes]:
        """Yield bytes that differ where values differ: type, length and content."""
        kind = type(value)
        yield f"{kind.__module__}.{kind.__qualname__}".encode()
        if isinstance(value, str | bytes | int | float | np.generic | None):
            yield repr(value).encode("utf-8", "backslashreplace")
        elif isinstance(value, pd.DataFrame):
            yield self._table(value)
        elif isinstance(value, np.ndarray):
            yield from _array(value)
        elif isinstance(value, Image.Image):
            yield repr((value.mode, value.size)).encode()
            yield value.tobytes()
        elif isinstance(value, Mapping):
            yield from self._each(part for pair in value.items() for part in pair)
        elif isinstance(value, list | tuple):
            yield from self._each(value)
        elif isinstance(value, partial):
            yield from self._each([value.func, value.args, value.keywords])
        elif isinstance(value, FunctionType):
            yield _function(value)
        elif is_dataclass(value) and not isinstance(value, type):
            yield from self._each(getattr(value, field.name) for field in fields(value))
        else:
            raise _UnknownError(kind.__name__)

    def _each(self, values: Iterable[Any]) -> Iterator[bytes]:
        listed = list(values)
        yield str(len(listed)).encode()
        for value in listed:
            yield from self._parts(value)

    def _table(self, table: pd.DataFrame) -> bytes:
        if id(table) not in self._tables:
            # By place, because two columns may have one name.
            columns = [table.index, *(table.iloc[:, place] for place in range(table.shape[1]))]
            self._tables[id(table)] = table, _hashed(part for one in columns for part in _column(one))
        return self._tables[id(table)][1]


class _UnknownError(TypeError):
    """Something without a digest of its content."""


def _hashed(parts: Iterable[bytes]) -> bytes:
    content = hashlib.blake2b(digest_size=16)
    for part in parts:
        content.update(b"%d:" % len(part))
        content.update(part)
    return content.digest()


def _function(function: FunctionType) -> bytes:
    """Return the name of a function whose text is part of the package's code."""
    name = f"{function.__module__}.{function.__qualname__}"
    if function.__closure__ is not None or "<" in name or not name.startswith(f"{_PACKAGE.name}."):
        raise _UnknownError(name)
    return name.encode()


def _column(column: Any) -> Iterator[bytes]:
    """Yield the content of a column or an index."""
    yield repr((column.name, str(column.dtype))).encode("utf-8", "backslashreplace")
    if isinstance(column.dtype, pd.CategoricalDtype):
        values = pd.Categorical(column)
        yield from _objects([*values.categories, values.ordered])
        yield from _array(np.asarray(values.codes))
    elif isinstance(column.dtype, np.dtype) and column.dtype != object:
        yield from _array(column.to_numpy())
    else:
        yield from _objects(column.tolist())


def _array(values: np.ndarray) -> Iterator[bytes]:
    yield repr((values.dtype.str, values.shape)).encode()
    if values.dtype == object:
        yield from _objects(values.ravel().tolist())
    else:
        yield np.ascontiguousarray(values).tobytes()


def _objects(values: list[Any]) -> Iterator[bytes]:
    if unknown := set(map(type, values)) - _EXACT:
        raise _UnknownError(str(unknown))
    yield repr(values).encode("utf-8", "backslashreplace")


@cache
def surroundings_digest() -> str | None:
    """Return a digest of this package's code, the libraries that draw and the fonts.

    Returns:
        None if a file of the code is newer than this process, which may then run other code than the file has.
    """
    import psutil
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import __freetype_version__

    began = psutil.Process().create_time()
    parts = []
    for file in sorted(_PACKAGE.rglob("*.py")):
        if file.stat().st_mtime >= began:
            return None
        parts += [str(file.relative_to(_PACKAGE)).encode(), file.read_bytes()]
    fonts = [Path(str(findfont(FontProperties(family=name)))) for name in families()]
    drawn_with = [
        [(name, version(name)) for name in _LIBRARIES],
        __freetype_version__,
        [(font.name, font.stat().st_size) for font in fonts],
    ]
    return _hashed([*parts, repr(drawn_with).encode()]).hex()
