"""Writes a table as CSV and as Parquet. Equal tables give equal bytes."""

import io

import pandas as pd
from pandas.api import types

from broken_telephone.exporting.dictionary import Table
from broken_telephone.spreadsheet import guarded

MOST_CATEGORIES = 60
"""Categories that the dictionary lists at most."""


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, comma separated; missing values are empty, and no cell runs as a formula."""
    # Texts repeat in large tables, and each is made safe once.
    texts = frame.select_dtypes("string").columns
    return guarded(frame.astype(dict.fromkeys(texts, "category"))).to_csv(index=False, lineterminator="\n").encode()


def parquet_bytes(table: Table, frame: pd.DataFrame) -> bytes:
    """Return a table as Parquet, whose columns carry their meaning and unit (`description`, `unit`) in the file."""
    import pyarrow as pa
    from pyarrow import parquet

    content = pa.Table.from_pandas(frame, preserve_index=False)
    fields = []
    for field in content.schema:
        column = table.column(field.name)
        assert column is not None
        stated = {"description": column.meaning} | ({"unit": column.unit} if column.unit else {})
        fields.append(field.with_metadata(stated))
    file = io.BytesIO()
    parquet.write_table(content.cast(pa.schema(fields, content.schema.metadata)), file, compression="zstd")
    return file.getvalue()


def with_types(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert columns of plain objects to texts, or to truth values if they have no others."""
    changed = frame.reset_index(drop=True)
    for name in changed.columns:
        if types.is_object_dtype(changed[name]):
            values = changed[name].dropna()
            is_truth = len(values) and values.map(lambda value: isinstance(value, bool)).all()
            texts = changed[name].map(str, na_action="ignore")
            changed[name] = changed[name].astype("boolean") if is_truth else texts.astype("string")
    return changed


def kind_of(column: pd.Series) -> str:
    """Return the type of a column: category, truth value, integer, number, time or text."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "category"
    for kind, is_kind in (
        ("truth value", types.is_bool_dtype),
        ("integer", types.is_integer_dtype),
        ("number", types.is_numeric_dtype),
        ("time", types.is_datetime64_any_dtype),
    ):
        if is_kind(column):
            return kind
    return "text"


def categories_of(column: pd.Series) -> list[str]:
    """Return the categories that occur, in their order; none for other columns and for more than MOST_CATEGORIES."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return []
    occurring = [str(value) for value in column.cat.remove_unused_categories().cat.categories]
    return occurring if len(occurring) <= MOST_CATEGORIES else []
