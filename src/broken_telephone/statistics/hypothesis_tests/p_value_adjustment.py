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


def rejection_levels(p_values: np.ndarray, level: float) -> np.ndarray:
    """Compute the raw p-value up to which each test is rejected by Benjamini and Hochberg, given the other p-values.

    If the p-value of one test were 0 and r tests were rejected then, this test is rejected up to level r / m. Its
    adjusted p-value is at most `level` exactly if its p-value is at most the result (Benjamini, Krieger and Yekutieli
    2006, Biometrika 93).

    Args:
        p_values: (m,), of one family, none of them null.
        level: false discovery rate.

    Returns:
        (m,), level / m to level; the same for all rejected tests.
    """
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    ranked, ranks = p_values[order], np.arange(1, m + 1)
    passes, passes_one_ahead = ranked <= ranks * level / m, ranked <= (ranks + 1) * level / m
    rejected = int(ranks[passes].max(initial=0))
    # Tests of smaller p-values move up by one rank if this test is put before them.
    before = np.append(0, np.maximum.accumulate(np.where(passes_one_ahead, ranks, 0)))[:m]
    levels = np.empty(m)
    levels[order] = np.maximum(before + 1, np.where(rejected > ranks, rejected, 0)) * level / m
    return levels


def adjusted_together(p_values: np.ndarray, smallest: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Adjust one family of tests, some of which cannot reject, by Benjamini and Hochberg.

    A discrete test whose smallest possible p-value is above the level can never be rejected. It is not counted (Gilbert
    2005, Applied Statistics 54, after Tarone 1990, Biometrics 46). This costs no validity if the smallest p-value does
    not depend on what is tested, such as the direction of the changes.

    Args:
        p_values: (n,), null without a test.
        smallest: (n,), smallest possible p-values; 0 for a continuous test.
        level: false discovery rate.

    Returns:
        Adjusted p-values (n,), null without a test and 1 where the test is not counted; and the raw p-values (n,) up
        to which each test is rejected, given the others. For a test that is not counted, and for a missing one, it is
        that of one further test.
    """
    from scipy.stats import false_discovery_control

    is_tested = ~np.isnan(p_values)
    is_counted = is_tested & (smallest <= level)
    counted = p_values[is_counted]
    p_adjusted = np.where(is_tested, 1.0, np.nan)
    levels = np.full(len(p_values), rejection_levels(np.append(counted, 0.0), level)[-1])
    if len(counted):
        p_adjusted[is_counted] = false_discovery_control(counted)
        levels[is_counted] = rejection_levels(counted, level)
    return p_adjusted, levels


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values to control the familywise error rate (Holm 1979, Scandinavian Journal of Statistics 6).

    Args:
        p_values: (m,); null without a test, which counts as a test that does not reject.

    Returns:
        (m,), adjusted p-values; null where the p-value is null.
    """
    filled = np.where(np.isnan(p_values), 1.0, p_values)
    order = np.argsort(filled, kind="stable")
    steps = np.minimum(np.maximum.accumulate(filled[order] * np.arange(len(filled), 0, -1)), 1.0)
    adjusted = np.empty(len(filled))
    adjusted[order] = steps
    return np.where(np.isnan(p_values), np.nan, adjusted)


def holm_together(p_values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Adjust one family of tests by Holm's method, as `adjusted_together` does by that of Benjamini and Hochberg.

    Args:
        p_values: (n,), null without a test, which counts as a test that does not reject.
        level: familywise error rate.

    Returns:
        Adjusted p-values (n,), and the raw p-values (n,) up to which each test is rejected, given the others: if the
        other tests alone let r of them be rejected, it is level / (n - r).
    """
    n = len(p_values)
    filled = np.where(np.isnan(p_values), 1.0, p_values)
    steps = level / np.arange(n, 0, -1)
    levels = np.empty(n)
    for index in range(n):
        others = np.sort(np.delete(filled, index))
        rejected = np.logical_and.accumulate(others <= steps[:-1]).sum()
        levels[index] = steps[rejected]
    return holm(p_values), levels
