"""What a plan assumes without a pilot: shares of the data set, and the annotator's error."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.agreement_table import TOGETHER
from broken_telephone.statistics.tables.plan_table import ASSUMED
from broken_telephone.statistics.tables.shares_table import DATASET

ASSUMED_ERROR, ASSUMED_SHARE = 0.1, 0.5
"""Share of wrong answers and share of a category, if nothing is known. A share of one half needs the most starts."""


def assumed_from_people(
    people: pd.DataFrame | None,
    concept: str,
    labels: Sequence[str],
    attributes: Mapping[str, Sequence[str]],
    comparable: Sequence[str],
) -> pd.DataFrame:
    """Return the shares of the data set's main people, or one half where the data set states none.

    Two pseudo-people, one of whom is in the category, keep shares of few people from 0 and 1.

    Args:
        people: the `people` table; None if it does not exist yet.
        concept: whose labels the chains have.
        labels: of the chains.
        attributes: attribute -> categories of the annotator's form.
        comparable: attributes whose categories mean the same in the data set.

    Returns:
        Columns ASSUMED: every category of every attribute, for each label and for all labels together.
    """
    main = pd.DataFrame() if people is None else people[people["is_main"] & people[concept].isin(labels)]
    rows = []
    for label in [*labels, *([ALL] if len(labels) > 1 else [])]:
        own = main if label == ALL or main.empty else main[main[concept].astype(str) == label]
        for attribute, categories in attributes.items():
            given = own[attribute].astype(object) if attribute in comparable and attribute in own else pd.Series()
            known = given[given.isin(categories)]
            for category in categories:
                share = ((known == category).sum() + 1) / (len(known) + 2) if len(known) else ASSUMED_SHARE
                source = "data set" if len(known) else "assumed"
                cell = {"label": label, "attribute": attribute, "category": category}
                rows.append(cell | {"share": float(share), "share_changing": np.nan, "source": source})
    return pd.DataFrame(rows, columns=list(ASSUMED))


def with_pilot(assumed: pd.DataFrame, pilot: pd.DataFrame) -> pd.DataFrame:
    """Replace assumptions by those of a pilot, for the labels, attributes and categories that both have.

    Args:
        assumed: columns ASSUMED, one row for each label, attribute and category.
        pilot: the same.
    """
    cell = ["label", "attribute", "category"]
    both = assumed[cell].merge(pilot, on=cell, how="left").set_axis(assumed.index)
    return assumed.where(both["source"].isna(), both)[list(ASSUMED)]


def annotator_errors(
    agreement: pd.DataFrame | None, attributes: Sequence[str], reading: str
) -> tuple[pd.Series, dict[str, str]]:
    """Return the annotator's error for each attribute: one minus its agreement with raters, else with the data set.

    Args:
        agreement: the `agreement` table; None if it does not exist yet.
        attributes: of the annotator's form.
        reading: the annotator's reading that the report analyses.

    Returns:
        attribute -> share of wrong answers, ASSUMED_ERROR where nothing was compared; and attribute -> source.
    """
    errors, sources = {}, {}
    for attribute in attributes:
        errors[attribute], sources[attribute] = ASSUMED_ERROR, "assumed"
        for reference in (DATASET, TOGETHER):
            if agreement is None or agreement.empty:
                continue
            pair = agreement["annotator_a"].astype(str) == reference
            pair &= agreement["annotator_b"].astype(str).str.endswith(f"({reading})")
            own = agreement[pair & (agreement["attribute"].astype(str) == attribute)]
            shares = own["share_agreeing"].dropna().astype(float)
            if len(shares):
                errors[attribute], sources[attribute] = 1 - float(shares.iloc[0]), f"agreement with {reference}"
    return pd.Series(errors, dtype=float), sources
