"""Agreement of annotators about every attribute, in one table: of every two, and of all raters at once."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.labels import OTHER
from broken_telephone.statistics.estimates.agreement import alpha_of, codes_of, confusion, counts_of, kappa_of
from broken_telephone.statistics.estimates.estimate import Estimate
from broken_telephone.statistics.estimates.panel import ABSENT
from broken_telephone.statistics.tables.drift_table import ENOUGH

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
    "note",
)
TOGETHER = "raters together"
"""Stands for an annotator: what raters agree on, and where they do not, what was settled."""
ALL_RATERS = "all raters"
"""Stands for an annotator where more than two raters are compared at once."""
RATER = "rater "
"""How the names of single raters begin."""
Merging = Mapping[str, Sequence[Sequence[str]]]
"""Attribute -> groups of categories that are taken as one."""


class Comparison(NamedTuple):
    """Annotators that are compared, and what they are called."""

    one: str
    """The reference, of two."""
    other: str
    """Empty, if more than two are compared at once."""
    annotators: Sequence[str]


def every_two(annotators: Iterable[str]) -> list[Comparison]:
    """Compare every two annotators; the one that stands first is the reference."""
    return [Comparison(one, other, (one, other)) for one, other in combinations(annotators, 2)]


def all_raters(raters: Sequence[str]) -> list[Comparison]:
    """Compare all raters at once, if they are more than two."""
    return [Comparison(ALL_RATERS, "", tuple(raters))] if len(raters) > 2 else []


def agreement_table(
    labels: pd.DataFrame,
    attributes: Mapping[str, Sequence[str]],
    ordered: Sequence[str] = (),
    merging: Merging | None = None,
    comparisons: Sequence[Comparison] | None = None,
    n_bootstrap: int = 2000,
) -> pd.DataFrame:
    """Compare annotators on the items that both of two labelled, or at least two of several.

    Args:
        labels: columns item, annotator, attribute, category: one row where an annotator gave a category, and none
            where they did not; and cluster, equal for items that are not independent, unless all are.
        attributes: attribute -> its categories, in their order.
        ordered: attributes whose order means something, for which alpha is given at the ordinal level, too; there
            without answers that are other.
        merging: attributes to compare a second time with categories merged.
        comparisons: who is compared; every two by default, in the order in which the table names them first.
        n_bootstrap: of the bootstrap; none gives no intervals.

    Returns:
        Columns AGREEMENT. `categories`: all, or which are merged. n: items compared; agree: share of these about which
        all who labelled them agree. Intervals: 95 %, by bootstrap over clusters of items; kappa is of two annotators.
        The note says why a number is missing.
    """
    rows = []
    apart = labels.drop_duplicates("item").set_index("item")
    clusters = apart["cluster"] if "cluster" in labels else pd.Series(range(len(apart)), apart.index)
    for attribute, values in attributes.items():
        mine = labels[labels["attribute"] == attribute]
        for words, renamed, merged in _versions(attribute, values, merging or {}):
            wide = _wide(mine.assign(category=mine["category"].astype(str).replace(renamed)))
            # The last column stands for annotators who labelled nothing here.
            codes = np.column_stack([codes_of(wide, merged), np.full(len(wide), ABSENT)])
            column_of = {name: column for column, name in enumerate(wide.columns)}
            whose = clusters[wide.index].to_numpy()
            for one, other, annotators in _of(labels, comparisons):
                given = codes[:, [column_of.get(name, -1) for name in annotators]]
                is_compared = (given != ABSENT).sum(axis=1) >= 2
                if is_compared.any():
                    compared = _compare(
                        given[is_compared], merged, attribute in ordered, whose[is_compared], n_bootstrap
                    )
                    rows.append({"attribute": attribute, "categories": words, "one": one, "other": other} | compared)
    return pd.DataFrame(rows, columns=list(AGREEMENT))


def confusion_table(
    labels: pd.DataFrame, attributes: Mapping[str, Sequence[str]], comparisons: Sequence[Comparison] | None = None
) -> pd.DataFrame:
    """Count items by the categories that two annotators gave.

    Args:
        labels: as for `agreement_table`.
        attributes: attribute -> its categories.
        comparisons: as for `agreement_table`; those of two annotators count.

    Returns:
        Columns attribute, one, other, one_category, other_category, count. Of every comparison, each category that
        either gave with each, in the attribute's order, also where the count is zero.
    """
    parts = []
    for attribute, values in attributes.items():
        wide = _wide(labels[labels["attribute"] == attribute])
        for one, other, annotators in _of(labels, comparisons):
            both = wide.reindex(columns=list(annotators)).dropna()
            if len(annotators) > 2 or both.empty:
                continue
            there = [value for value in values if (both == value).to_numpy().any()]
            table = confusion(both[one], both[other], there).rename_axis("one_category")
            long = table.reset_index().melt("one_category", var_name="other_category", value_name="count")
            parts.append(long.assign(attribute=attribute, one=one, other=other))
    columns = ["attribute", "one", "other", "one_category", "other_category", "count"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _of(labels: pd.DataFrame, comparisons: Sequence[Comparison] | None) -> Sequence[Comparison]:
    return every_two(labels["annotator"].unique()) if comparisons is None else comparisons


def _wide(labels: pd.DataFrame) -> pd.DataFrame:
    return labels.pivot(index="item", columns="annotator", values="category")


def _versions(attribute: str, values: Sequence[str], merging: Merging) -> list[tuple[str, dict[str, str], list[str]]]:
    """What categories are called, how they are renamed, and which there are then."""
    found: list[tuple[str, dict[str, str], list[str]]] = [("all", {}, list(values))]
    if attribute in merging:
        renamed = {value: " + ".join(group) for group in merging[attribute] for value in group}
        there = list(dict.fromkeys(renamed.get(value, value) for value in values))
        found.append((", ".join(dict.fromkeys(renamed.values())), renamed, there))
    return found


def _compare(
    codes: np.ndarray, values: Sequence[str], is_ordered: bool, clusters: np.ndarray, n_bootstrap: int
) -> dict[str, Any]:
    counts = counts_of(codes, len(values))
    alpha, notes = alpha_of(counts, clusters=clusters, n_bootstrap=n_bootstrap), []
    single, few = ("a single start", f"fewer than {ENOUGH} starts") if n_bootstrap else ("no bootstrap",) * 2
    found: dict[str, Any] = {
        "n": len(codes),
        "agree": float(((counts > 0).sum(axis=1) == 1).mean()),
        "alpha": alpha.value,
        "alpha_low": alpha.low,
        "alpha_high": alpha.high,
    }
    notes.append(_why(alpha, "alpha", "of a single picture, or a single category", single))
    if codes.shape[1] == 2:
        kappa = kappa_of(codes, len(values), clusters, n_bootstrap)
        found |= {"kappa": kappa.value, "kappa_low": kappa.low, "kappa_high": kappa.high}
        notes.append(_why(kappa, "kappa", "of a single category", few))
    else:
        notes.append("kappa is of two annotators")
    if is_ordered:
        # Other has no place in an order.
        ordinal = alpha_of(counts[:, [value != OTHER for value in values]], "ordinal", clusters, n_bootstrap)
        found |= {"ordinal_alpha": ordinal.value, "ordinal_low": ordinal.low, "ordinal_high": ordinal.high}
        notes.append(_why(ordinal, "ordinal alpha", "of a single picture, or a single category", single))
    else:
        notes.append("no ordinal alpha: the categories have no order")
    return found | {"note": "; ".join(note for note in notes if note)}


def _why(found: Estimate, name: str, undefined: str, few: str) -> str:
    if np.isnan(found.value):
        return f"{name} is not defined {undefined}"
    return f"{name}: {few}: no interval" if np.isnan(found.low) else ""
