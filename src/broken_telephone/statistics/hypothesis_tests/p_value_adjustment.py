"""Adjustment of p-values for multiple testing."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def benjamini_hochberg(table: pd.DataFrame, family: Sequence[str]) -> pd.Series:
    """Adjust p-values to control the false discovery rate within families (Benjamini and Hochberg 1995).

    Args:
        table: with a column p_value; null in rows without a test.
        family: columns; rows with equal values in all of them form a family. Without columns, all rows do.

    Returns:
        Adjusted p-values with the index of the table; null where p_value is null.
    """
    from scipy.stats import false_discovery_control

    p_adjusted = pd.Series(np.nan, index=table.index)
    tested = table[table["p_value"].notna()]
    groups = [tested] if not family else [rows for _, rows in tested.groupby(list(family), dropna=False, observed=True)]
    for rows in groups:
        if len(rows):
            p_adjusted[rows.index] = false_discovery_control(rows["p_value"].to_numpy(float))
    return p_adjusted


def with_adjusted_p_values(table: pd.DataFrame, family: Sequence[str]) -> pd.DataFrame:
    """Return the table with a column p_adjusted after p_value; columns of the family that it lacks are ignored."""
    p_adjusted = benjamini_hochberg(table, [name for name in family if name in table])
    adjusted = table.copy()
    adjusted.insert(table.columns.get_loc("p_value") + 1, "p_adjusted", p_adjusted)
    return adjusted
