"""Computes quality figures as tidy tables: overall, and by gender, age and skin tone of the main person.

Columns: model, kind (portraits | scenes), figure, group (all | gender | age | skin_tone), category, n, value.
"""

import numpy as np
import pandas as pd

GROUPS = ("gender", "age", "skin_tone")


def by_group(
    model: str, figure: str, people: pd.DataFrame, values: np.ndarray, weights: np.ndarray | None = None
) -> pd.DataFrame:
    """Return the mean of one value per picture, overall and in each group of main persons.

    Args:
        model: name of the model.
        figure: what the value is, such as "emotion accuracy".
        people: n rows with kind, gender, age and skin_tone; all of one kind.
        values: n numbers or booleans; NaN where a picture does not count.
        weights: n positive numbers, such as areas of which `values` are shares; all alike if not given.
    """
    values = np.asarray(values, float)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    people = people.reset_index(drop=True)
    parts = {("all", "all"): np.ones(len(people), bool)}
    for group in GROUPS:
        parts |= {(group, str(c)): (people[group] == c).to_numpy() for c in pd.unique(people[group])}
    kind = str(people["kind"].iloc[0])
    rows = []
    for (group, category), rows_in in parts.items():
        counted = rows_in & ~np.isnan(values)
        value = np.average(values[counted], weights=weights[counted]) if counted.any() else np.nan
        rows.append((model, kind, figure, group, category, int(counted.sum()), value))
    return pd.DataFrame(rows, columns=["model", "kind", "figure", "group", "category", "n", "value"])


def accuracies(model: str, people: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of correct answers, one figure per column of `predicted`, whose rows follow `people`."""
    parts = [
        by_group(model, f"{name} accuracy", people, predicted[name].to_numpy() == people[name].to_numpy())
        for name in predicted
    ]
    return pd.concat(parts, ignore_index=True)
