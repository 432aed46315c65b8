"""Agreement of every two annotators about every attribute, in one table."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import pandas as pd

from broken_telephone.labels import OTHER
from broken_telephone.measures.agreement import cohens_kappa, confusion, krippendorff_alpha

AGREEMENT = (
    "attribute",
    "categories",
    "one",
    "other",
    "n",
    "agree",
    "alpha",
    "alpha_low",
    "alpha_high",
    "ordinal_alpha",
    "ordinal_low",
    "ordinal_high",
    "kappa",
    "kappa_low",
    "kappa_high",
)
Merging = Mapping[str, Sequence[Sequence[str]]]
"""Attribute -> groups of categories that are taken as one."""


def agreement_table(
    labels: pd.DataFrame,
    attributes: Mapping[str, Sequence[str]],
    ordered: Sequence[str] = (),
    merging: Merging | None = None,
) -> pd.DataFrame:
    """Compare every two annotators on the items that both labelled.

    Args:
        labels: columns item, annotator, attribute, category: one row where an annotator gave a category, and none
            where they did not.
        attributes: attribute -> its categories, in their order.
        ordered: attributes whose order means something, for which alpha is given at the ordinal level, too; there
            without items that an annotator calls other.
        merging: attributes to compare a second time with categories merged.

    Returns:
        Columns AGREEMENT. `categories`: all, or which are merged. n: items both gave a category; agree: share of these
        with the same. Intervals: 95 %; of alpha by bootstrap over items, of kappa asymptotic.
    """
    rows = []
    for attribute, values in attributes.items():
        mine = labels[labels["attribute"] == attribute]
        for words, renamed, merged in _versions(attribute, values, merging or {}):
            wide = mine.assign(category=mine["category"].astype(str).replace(renamed)).pivot(
                index="item", columns="annotator", values="category"
            )
            for one, other in combinations(wide.columns, 2):
                both = wide[[one, other]].dropna()
                if len(both):
                    compared = _compare(both, merged, attribute in ordered)
                    rows.append({"attribute": attribute, "categories": words, "one": one, "other": other} | compared)
    return pd.DataFrame(rows, columns=list(AGREEMENT))


def confusion_table(labels: pd.DataFrame, attributes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Count items by the categories that every two annotators gave.

    Args:
        labels: as for `agreement_table`.
        attributes: attribute -> its categories.

    Returns:
        Columns attribute, one, other, one_category, other_category, count; pairs of categories that never occur are
        left out.
    """
    parts = []
    for attribute, values in attributes.items():
        wide = labels[labels["attribute"] == attribute].pivot(index="item", columns="annotator", values="category")
        for one, other in combinations(wide.columns, 2):
            table = confusion(wide[one], wide[other], values)
            long = (
                table.rename_axis("one_category")
                .reset_index()
                .melt("one_category", var_name="other_category", value_name="count")
            )
            parts.append(long[long["count"] > 0].assign(attribute=attribute, one=one, other=other))
    columns = ["attribute", "one", "other", "one_category", "other_category", "count"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _versions(attribute: str, values: Sequence[str], merging: Merging) -> list[tuple[str, dict[str, str], list[str]]]:
    """What categories are called, how they are renamed, and which there are then."""
    found: list[tuple[str, dict[str, str], list[str]]] = [("all", {}, list(values))]
    if attribute in merging:
        renamed = {value: " + ".join(group) for group in merging[attribute] for value in group}
        there = list(dict.fromkeys(renamed.get(value, value) for value in values))
        found.append((", ".join(dict.fromkeys(renamed.values())), renamed, there))
    return found


def _compare(both: pd.DataFrame, values: Sequence[str], is_ordered: bool) -> dict[str, float]:
    alpha = krippendorff_alpha(both, values)
    kappa = cohens_kappa(both.iloc[:, 0], both.iloc[:, 1], values)
    found = {
        "n": len(both),
        "agree": float((both.iloc[:, 0] == both.iloc[:, 1]).mean()),
        "alpha": alpha.value,
        "alpha_low": alpha.low,
        "alpha_high": alpha.high,
        "kappa": kappa.value,
        "kappa_low": kappa.low,
        "kappa_high": kappa.high,
    }
    if is_ordered:
        # Other has no place in an order.
        ranked = [value for value in values if value != OTHER]
        ordinal = krippendorff_alpha(both[both.isin(ranked).all(axis=1)], ranked, "ordinal")
        found |= {"ordinal_alpha": ordinal.value, "ordinal_low": ordinal.low, "ordinal_high": ordinal.high}
    return found
