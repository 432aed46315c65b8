"""Notes where the fill of hidden regions decides the verdict of a comparison."""

import numpy as np
import pandas as pd


def with_fill_notes(tests: pd.DataFrame, level: float) -> pd.DataFrame:
    """Note, in the rows of a comparison of drops, where the fill of the hidden region decides the verdict.

    Args:
        tests: as `support_tests` returns them, with p_adjusted.
        level: adjusted p-values below it are significant.

    Returns:
        The table; a comparison whose fills differ in significance or direction has a note in all of its rows.
    """
    table = tests.copy()
    drops = table[table["fill"].notna() & table["p_adjusted"].notna()]
    verdicts = np.where(drops["p_adjusted"].astype(float) < level, np.sign(drops["value"].astype(float)), 0)
    keys = ["kind", "label", "attribute", "iteration", "region", "measure"]
    for _, rows in drops.assign(verdict=verdicts).groupby(keys, dropna=False, observed=True):
        if rows["verdict"].nunique() > 1:
            words = {1: "higher", -1: "lower", 0: "no significant difference"}
            each = [f"{fill}: {words[int(sign)]}" for fill, sign in zip(rows["fill"], rows["verdict"], strict=True)]
            note = f"the verdict depends on the fill ({', '.join(each)})"
            table.loc[rows.index, "note"] = [f"{old}; {note}" if old else note for old in rows["note"].astype(str)]
    return table
