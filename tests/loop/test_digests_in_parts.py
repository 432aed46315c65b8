"""Digests of tables are those of the whole table, however many rows are hashed at once."""

import hashlib
import sys

import numpy as np
import pandas as pd
import pytest

from broken_telephone import tables
from broken_telephone.loop.manifest import text_digest
from broken_telephone.tables import DESCRIPTIONS, as_table, sum_of_row_hashes

ROWS = [
    {
        "chain_id": f"chain_{n}",
        "iteration": n % 3 + 1,
        "text": f"Ein Bild, ä {n}",
        "drawn_text": f"{n}" if n % 2 else None,
    }
    for n in range(25)
]


def test_the_digest_of_texts_is_that_of_all_lengths_and_all_texts(monkeypatch):
    monkeypatch.setattr(sys.modules[text_digest.__module__], "_AT_ONCE", 10)
    hasher = hashlib.blake2b(digest_size=16)
    for name in ("chain_id", "iteration", "text", "drawn_text"):
        texts = ["" if row[name] is None else str(row[name]) for row in ROWS]
        ends = np.cumsum([0, *(len(text.encode()) for text in texts)])
        hasher.update(ends.astype("<i8").tobytes() + "".join(texts).encode())
    assert text_digest(as_table(ROWS, DESCRIPTIONS)) == hasher.hexdigest()


@pytest.mark.parametrize("at_once", [1, 10, 25])
def test_hashes_of_rows_add_up_whatever_their_order(monkeypatch, at_once):
    table = as_table(ROWS, DESCRIPTIONS)[["chain_id", "iteration", "drawn_text"]]
    whole = sum(map(int, pd.util.hash_pandas_object(table.astype(str), index=False))) % 2**64
    monkeypatch.setattr(tables, "_HASHED_AT_ONCE", at_once)
    assert sum_of_row_hashes(table) == whole
    assert sum_of_row_hashes(table.iloc[::-1]) == whole
    assert sum_of_row_hashes(table.assign(iteration=1)) != whole
