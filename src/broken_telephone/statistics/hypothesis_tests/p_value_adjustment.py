"""Corrects p-values for the number of tests: within families that a study declares."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def adjusted(table: pd.DataFrame, family: Sequence[str]) -> pd.Series:
    """Return the p-values of a table adjusted by Benjamini and Hochberg (1995), each on the row of its own.

    Args:
        table: with a column p_value; null where a row has no test.
        family: columns; rows that are equal in all of them are one family.

    Returns:
        As long as the table, null where p_value is.
    """
    from scipy.stats import false_discovery_control

    found = pd.Series(np.nan, index=table.index)
    tested = table[table["p_value"].notna()]
    groups = [tested] if not family else [rows for _, rows in tested.groupby(list(family), dropna=False, observed=True)]
    for rows in groups:
        if len(rows):
            found[rows.index] = false_discovery_control(rows["p_value"].to_numpy(float))
    return found
