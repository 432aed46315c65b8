"""Baseline of a data set: shares of people by label, attribute and category."""

from itertools import combinations

import pandas as pd

from broken_telephone.labels import APART, Scheme
from broken_telephone.statistics.estimates.panel import ALL
from broken_telephone.statistics.estimates.shares import SHARES, category_shares

MISSING = "not stated"
"""The category of people whom the data set does not label. Unsure and disagreement are categories of their own."""


def baseline_shares(people: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Compute the shares of the categories of each attribute and of each pair of attributes, by concept and label.

    Args:
        people: the `people` table.
        scheme: of the data set.

    Returns:
        Columns concept, people (main: the main person of each image; all), label (those of the scheme, then unsure,
        disagreement, other and not stated if they occur, then `ALL`), attribute (such as `age`, `age x gender`) and
        SHARES. The shares of a label and attribute sum to 1 and include people whom the data set does not label.
    """
    parts = []
    attributes = list(scheme.attributes)
    for group, chosen in (("main", people[people["is_main"]]), ("all", people)):
        table = pd.DataFrame({name: chosen[name].astype("object").fillna(MISSING) for name in scheme.variables})
        values = {name: _values(table[name], scheme.variables[name].values) for name in scheme.variables}
        for first, second in combinations(attributes, 2):
            name = f"{first} x {second}"
            table[name] = table[first] + " x " + table[second]
            occurring = set(table[name])
            pairs = [(a, b) for a in values[first] for b in values[second]]
            in_scheme = {(a, b) for a in scheme.attributes[first].values for b in scheme.attributes[second].values}
            values[name] = [f"{a} x {b}" for a, b in pairs if (a, b) in in_scheme or f"{a} x {b}" in occurring]
        measured = [name for name in values if name not in scheme.concepts]
        for concept in scheme.concepts:
            for label in (*values[concept], ALL):
                rows = table if label == ALL else table[table[concept] == label]
                for attribute in measured:
                    shares = category_shares(rows[attribute], values[attribute])
                    parts.append(shares.assign(concept=concept, people=group, label=label, attribute=attribute))
    return pd.concat(parts, ignore_index=True)[["concept", "people", "label", "attribute", *SHARES]]


def _values(column: pd.Series, known: tuple[str, ...]) -> list[str]:
    """Return the scheme's values, then the special values that occur."""
    occurring = set(column)
    return [*known, *(value for value in (*APART, MISSING) if value in occurring and value not in known)]
