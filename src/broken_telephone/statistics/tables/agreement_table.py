"""Agreement of annotators on each attribute, for each pair of annotators and for all raters at once."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.labels import OTHER
from broken_telephone.statistics.estimates import agreement
from broken_telephone.statistics.estimates.bootstrap import MIN_CLUSTERS, Estimate, Resampling
from broken_telephone.statistics.estimates.panel import ABSENT
from broken_telephone.statistics.tables.group_table import Row, join_notes

_ALPHA = ("alpha", "alpha_low", "alpha_high")
_ORDINAL = ("ordinal_alpha", "ordinal_low", "ordinal_high")
_KAPPA = ("kappa", "kappa_low", "kappa_high")
AGREEMENT = (
    *("attribute", "categories", "annotator_a", "annotator_b"),
    *("n", "share_agreeing", *_ALPHA, *_ORDINAL, *_KAPPA, "note"),
)
CONFUSIONS = ("attribute", "annotator_a", "annotator_b", "category_a", "category_b", "count")
TOGETHER = "raters together"
"""The annotator of the ratings that raters agree on, or that were settled where they disagree."""
ALL_RATERS = "all raters"
"""The annotator of a comparison of more than two raters."""
RATER = "rater "
"""Prefix of the names of single raters."""
_RESAMPLING = Resampling(n_bootstrap=2000, seed=0)
Merging = Mapping[str, Sequence[Sequence[str]]]
"""Attribute -> groups of categories that are merged."""


class Comparison(NamedTuple):
    """Annotators that are compared, and their names in the table."""

    annotator_a: str
    """The reference of a pair."""
    annotator_b: str
    """Empty in a comparison of more than two."""
    annotators: Sequence[str]


def every_two(annotators: Iterable[str]) -> list[Comparison]:
    """Return the comparisons of all pairs of annotators. The first of a pair is the reference."""
    return [Comparison(*pair, pair) for pair in combinations(annotators, 2)]


def all_raters(raters: Sequence[str]) -> list[Comparison]:
    """Return the comparison of all raters at once if there are more than two."""
    return [Comparison(ALL_RATERS, "", tuple(raters))] if len(raters) > 2 else []


def agreement_table(
    labels: pd.DataFrame,
    attributes: Mapping[str, Sequence[str]],
    ordered: Sequence[str] = (),
    merging: Merging | None = None,
    comparisons: Sequence[Comparison] | None = None,
    resampling: Resampling | None = _RESAMPLING,
) -> pd.DataFrame:
    """Compare annotators on the items that at least two of them labelled.

    Args:
        labels: columns item, annotator, attribute, category: one row for each category that an annotator gave. An
            optional column cluster is equal for dependent items. Without it, items are independent.
        attributes: attribute -> its categories, in their order.
        ordered: attributes with an order of the categories, which have alpha at the ordinal level, too. The ordinal
            level ignores answers that are other.
        merging: attributes to compare a second time with merged categories.
        comparisons: by default all pairs of annotators, in the order of their first rows.
        resampling: of the intervals; None for no intervals.

    Returns:
        Columns AGREEMENT. categories: all, or the merged ones; n: compared items; share_agreeing: share of items
        without disagreement; intervals: 95 %, by a cluster bootstrap; kappa: of pairs only. A note explains a null.
    """
    rows = []
    items = labels.drop_duplicates("item").set_index("item")
    clusters = items["cluster"] if "cluster" in labels else pd.Series(range(len(items)), items.index)
    for attribute, values in attributes.items():
        of_attribute = labels[labels["attribute"] == attribute]
        for version, renamed, merged in _versions(attribute, values, merging or {}):
            wide = _pivot(of_attribute.assign(category=of_attribute["category"].astype(str).replace(renamed)))
            # The last column stands for annotators without labels of this attribute.
            codes = np.column_stack([agreement.encode_ratings(wide, merged), np.full(len(wide), ABSENT)])
            column_of = {name: column for column, name in enumerate(wide.columns)}
            item_clusters = clusters[wide.index].to_numpy()
            for comparison in _comparisons(labels, comparisons):
                compared = codes[:, [column_of.get(name, -1) for name in comparison.annotators]]
                used = (compared != ABSENT).sum(axis=1) >= 2
                if used.any():
                    pair = {"annotator_a": comparison.annotator_a, "annotator_b": comparison.annotator_b}
                    key = {"attribute": attribute, "categories": version, **pair}
                    is_ordered = attribute in ordered
                    rows.append(key | _compare(compared[used], merged, is_ordered, item_clusters[used], resampling))
    return pd.DataFrame(rows, columns=list(AGREEMENT))


def confusion_table(
    labels: pd.DataFrame, attributes: Mapping[str, Sequence[str]], comparisons: Sequence[Comparison] | None = None
) -> pd.DataFrame:
    """Count items by the categories of two annotators.

    Args:
        labels: see `agreement_table`.
        attributes: attribute -> its categories.
        comparisons: see `agreement_table`; comparisons of more than two annotators are ignored.

    Returns:
        Columns CONFUSIONS: for each comparison, all pairs of categories that occur, in the attribute's order, with
        counts of zero.
    """
    parts = []
    for attribute, values in attributes.items():
        wide = _pivot(labels[labels["attribute"] == attribute])
        for annotator_a, annotator_b, annotators in _comparisons(labels, comparisons):
            both = wide.reindex(columns=list(annotators)).dropna()
            if len(annotators) > 2 or both.empty:
                continue
            occurring = [value for value in values if (both == value).to_numpy().any()]
            table = agreement.confusion_matrix(both[annotator_a], both[annotator_b], occurring)
            long = table.rename_axis("category_a").reset_index()
            long = long.melt("category_a", var_name="category_b", value_name="count")
            parts.append(long.assign(attribute=attribute, annotator_a=annotator_a, annotator_b=annotator_b))
    columns = list(CONFUSIONS)
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _comparisons(labels: pd.DataFrame, comparisons: Sequence[Comparison] | None) -> Sequence[Comparison]:
    return every_two(labels["annotator"].unique()) if comparisons is None else comparisons


def _pivot(labels: pd.DataFrame) -> pd.DataFrame:
    return labels.pivot(index="item", columns="annotator", values="category")


def _versions(attribute: str, values: Sequence[str], merging: Merging) -> list[tuple[str, dict[str, str], list[str]]]:
    """Return the name, the renamed categories and all categories of each version of an attribute."""
    versions: list[tuple[str, dict[str, str], list[str]]] = [("all", {}, list(values))]
    if attribute in merging:
        renamed = {value: " + ".join(group) for group in merging[attribute] for value in group}
        merged = list(dict.fromkeys(renamed.get(value, value) for value in values))
        versions.append((", ".join(dict.fromkeys(renamed.values())), renamed, merged))
    return versions


def _compare(
    codes: np.ndarray, values: Sequence[str], is_ordered: bool, clusters: np.ndarray, resampling: Resampling | None
) -> Row:
    counts = agreement.count_ratings(codes, len(values))
    n_bootstrap, seed = resampling or (0, 0)
    single, few = ("a single start", f"fewer than {MIN_CLUSTERS} starts") if n_bootstrap else ("no bootstrap",) * 2
    alpha = agreement.krippendorff_alpha(counts, "nominal", clusters, n_bootstrap, seed)
    kappa, kappa_note = Estimate(), "kappa is of two annotators"
    if codes.shape[1] == 2:
        kappa = agreement.cohens_kappa(codes, len(values), clusters, n_bootstrap, seed)
        kappa_note = _why_null(kappa, "kappa", "of a single category", few)
    ordinal, ordinal_note = Estimate(), "no ordinal alpha: the categories have no order"
    if is_ordered:
        # Other has no rank.
        ranked = counts[:, [value != OTHER for value in values]]
        ordinal = agreement.krippendorff_alpha(ranked, "ordinal", clusters, n_bootstrap, seed)
        ordinal_note = _why_null(ordinal, "ordinal alpha", "of a single picture, or a single category", single)
    alpha_note = _why_null(alpha, "alpha", "of a single picture, or a single category", single)
    return {
        "n": len(codes),
        "share_agreeing": float(((counts > 0).sum(axis=1) == 1).mean()),
        **alpha.columns(_ALPHA),
        **ordinal.columns(_ORDINAL),
        **kappa.columns(_KAPPA),
        "note": join_notes(alpha_note, kappa_note, ordinal_note),
    }


def _why_null(estimate: Estimate, name: str, undefined: str, few: str) -> str:
    if np.isnan(estimate.value):
        return f"{name} is not defined {undefined}"
    return f"{name}: {few}: no interval" if np.isnan(estimate.low) else ""
