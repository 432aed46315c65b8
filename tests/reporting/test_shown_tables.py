"""Cells of the tables of a page."""

import numpy as np
import pandas as pd

from broken_telephone.reporting.page.shown_tables import shown_table


def test_infinite_numbers_have_their_sign():
    table = pd.DataFrame({"value": [1.5, np.inf, -np.inf, np.nan], "p_value": [0.0001, 0.5, 0.5, 0.5]})
    rows = shown_table("numbers", table).rows
    assert [row[0] for row in rows] == ["1.500", "\N{INFINITY}", "\N{MINUS SIGN}\N{INFINITY}", "\N{EN DASH}"]
    assert [row[1] for row in rows] == ["< 0.001", "0.500", "0.500", "0.500"]
