"""What a data set is like before any model has seen it: shares of people per label, attribute and category."""

from itertools import combinations

import pandas as pd

from broken_telephone.labels import APART, Scheme
from broken_telephone.statistics.estimates.shares import category_shares

ALL = "(all)"
"""The label of all labels together."""
MISSING = "not stated"
"""Category of people of whom the data set says nothing; unsure and disagreement are categories of their own."""


def baseline_shares(people: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Shares of every attribute's categories, and of two attributes together, per label of every concept.

    Args:
        people: the `people` table.
        scheme: its scheme.

    Returns:
        Columns concept, people (main: the main person of each image; all), label (the scheme's, then unsure,
        disagreement, other, not stated where they occur, then `ALL`), attribute (such as `age`, `age x gender`),
        category, n, count, share, ci_low, ci_high (Wilson, 95 %). Shares of a label and attribute sum to 1: what
        the data set does not state has a share, too.
    """
    parts = []
    attributes = list(scheme.attributes)
    for who, some in (("main", people[people["is_main"]]), ("all", people)):
        plain = pd.DataFrame({name: some[name].astype("object").fillna(MISSING) for name in scheme.variables})
        values = {name: _values(plain[name], scheme.variables[name].values) for name in scheme.variables}
        for first, second in combinations(attributes, 2):
            name = f"{first} x {second}"
            plain[name] = plain[first] + " x " + plain[second]
            there = set(plain[name])
            pairs = [(a, b) for a in values[first] for b in values[second]]
            full = {(a, b) for a in scheme.attributes[first].values for b in scheme.attributes[second].values}
            values[name] = [f"{a} x {b}" for a, b in pairs if (a, b) in full or f"{a} x {b}" in there]
        measured = [name for name in values if name not in scheme.concepts]
        for concept in scheme.concepts:
            for label in (*values[concept], ALL):
                mine = plain if label == ALL else plain[plain[concept] == label]
                for attribute in measured:
                    shares = category_shares(mine[attribute], values[attribute])
                    parts.append(shares.assign(concept=concept, people=who, label=label, attribute=attribute))
    columns = ["concept", "people", "label", "attribute", "category", "n", "count", "share", "ci_low", "ci_high"]
    return pd.concat(parts, ignore_index=True)[columns]


def _values(column: pd.Series, known: tuple[str, ...]) -> list[str]:
    """The scheme's values, then what is kept apart and missing, where it occurs."""
    there = set(column)
    return [*known, *(value for value in (*APART, MISSING) if value in there and value not in known)]
