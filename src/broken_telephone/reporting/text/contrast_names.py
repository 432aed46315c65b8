"""Names of contrasts for sentences, figures and tables: what is compared, and in which unit."""

import pandas as pd

from broken_telephone.reporting.text.wording import for_label, points, shown_as, spoken, with_minus
from broken_telephone.statistics import ALL
from broken_telephone.statistics.outcomes import (
    MENTIONS,
    MISSING_ANSWERS,
    SHARES,
    SIMILARITY,
    SUCCESS,
    SUPPORT,
)
from broken_telephone.statistics.tables.contrasts import CELL, HIGHER, LISTED, LOWER
from broken_telephone.statistics.tables.mentions import MENTIONED

FAMILIES = (SHARES, SUCCESS, MENTIONS, MISSING_ANSWERS, SIMILARITY, SUPPORT)
"""The families of contrasts, in the order of the page."""
_PAIRS = {"origin": "the start of the chain", "previous": "the previous item"}


def judged(contrasts: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Return the contrasts of the last iteration, which have a verdict, with keys as text.

    Args:
        contrasts: the `contrasts` table.
        values: column -> the value to select.
    """
    rows = contrasts.astype(dict.fromkeys((*CELL, "verdict", "reason", "method", "note"), object))
    if rows.empty:
        return rows
    last = rows.groupby(["arm", "start", "family"])["iteration"].transform("max")
    rows = rows[rows["iteration"] == last]
    for column, value in values.items():
        rows = rows[rows[column] == value]
    return rows


def claims_first(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Return the contrasts with significant ones first, then the others of the last image, then earlier images."""
    verdict = contrasts["verdict"].astype(str)
    place = pd.Series(1, contrasts.index).mask(verdict == LISTED, 2).mask(verdict.isin([HIGHER, LOWER]), 0)
    return contrasts.loc[place.sort_values(kind="stable").index]


def subject(row) -> str:  # type: ignore[no-untyped-def]
    """Name what a contrast is of, with its label: `the share shown as female for happiness`."""
    return f"{_quantity(row.family, row.attribute, row.category)} {for_label(row.label)}"


def _quantity(family: str, attribute: str, category: str) -> str:
    if family == SHARES:
        return f"the share shown as {shown_as(attribute, category)}"
    if family == SUCCESS:
        people = "" if attribute == ALL else f" of people shown as {shown_as(attribute, category)} in the original"
        return f"the share of images{people} whose label the description names"
    if family == MENTIONS and category == MENTIONED:
        return f"the share of descriptions that mention {spoken(attribute)}"
    if family == MENTIONS:
        return f"the share of descriptions whose {spoken(attribute)} is that of the first image"
    if family == MISSING_ANSWERS:
        return f"the share of images without an answer about {spoken(attribute)}"
    if family == SIMILARITY:
        return f"the {category} similarity with {_PAIRS.get(attribute, attribute)}"
    return f"the share of the map on {category}"


def row_name(family: str, attribute: str, category: str) -> str:
    """Name a contrast in few words, for rows of figures and tables."""
    if family == SHARES:
        return shown_as(attribute, category)
    if family == SUCCESS:
        return "label named" if attribute == ALL else f"label named: {shown_as(attribute, category)}"
    if family == MENTIONS:
        return f"{category}: {spoken(attribute)}"
    if family == MISSING_ANSWERS:
        return f"no answer: {spoken(attribute)}"
    if family == SIMILARITY:
        return f"{category} similarity, {attribute}"
    return f"map on {category}"


def has_points(family: str) -> bool:
    """Return whether the family's numbers are shares, which are written in points."""
    return family != SIMILARITY


def size(family: str, value: float) -> str:
    """Write the size of a difference: points of shares, or a difference of cosines."""
    return points(abs(value)) if has_points(family) else f"{abs(value):.2f}"


def limits(family: str, low: float, high: float) -> str:
    """Write an interval of a difference."""
    if pd.isna(low) or pd.isna(high):
        return "no interval"
    if has_points(family):
        return f"95 % interval {points(low, unit=False)} to {points(high, unit=False)}"
    return with_minus(f"95 % interval {low:.2f} to {high:.2f}")
