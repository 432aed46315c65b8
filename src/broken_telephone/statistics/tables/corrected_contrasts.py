"""Contrasts of shares between two studies, corrected for the annotator's error where people rated images of both."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Estimate
from broken_telephone.statistics.estimates.corrected_change import (
    CorrectedChange,
    Sampled,
    combined_change,
    corrected_part,
)
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, first_picture
from broken_telephone.statistics.outcomes import Rated
from broken_telephone.statistics.tables.corrected_drift import CorrectedLabel, change_estimate, pooled_label
from broken_telephone.statistics.tables.group_table import INTERVAL, Row
from broken_telephone.statistics.tables.paired_arms import Pair

CORRECTED = (*INTERVAL, "p_value", "value_arm", "value_reference", "n_checked", "clusters")
_KEYS = ("arm", "start", "label", "attribute", "category", "iteration")
_STUDIES = (((0, 1), (1, -1)), ((0, 1),), ((1, 1),))
"""The contrast, the arm alone and the reference alone: number and sign of each study."""


def corrected_contrasts(pair: Pair) -> pd.DataFrame:
    """Correct the contrasts of shares of one arm with ratings of both studies.

    Paired chains from images share their first image. It cancels in the contrast of changes, so the ratings of image k
    of both studies suffice. `corrected_change` names the estimator. The contrast of all labels together is the mean of
    those of the labels, weighted by their chains.

    Args:
        pair: the arm and the reference. Rows exist for attributes that both have in `corrections`.

    Returns:
        Columns arm, start, label, attribute, category, iteration, and CORRECTED. value_arm, value_reference: the
        corrected changes of the two studies. n_checked: rated images behind the contrast. clusters: starts with a
        rating, of the sample with the fewest. Without ratings of a sample, the numbers are null.
    """
    shared = [name for name in pair.arms[0].corrections if name in pair.arms[1].corrections]
    rows = [row for attribute in shared for row in _attribute_rows(pair, attribute)]
    return pd.DataFrame(rows, columns=[*_KEYS, *CORRECTED])


def _attribute_rows(pair: Pair, attribute: str) -> Iterator[Row]:
    rated = (pair.arms[0].corrections[attribute], pair.arms[1].corrections[attribute])
    by_label = [division[0] for division in pair.divisions]
    keys = [key for key in by_label[0].keys if key in by_label[1].keys]
    for start in dict.fromkeys(start for start, _ in keys):
        chains = {label: _chosen(pair, (kind, label)) for kind, label in keys if kind == start}
        for iteration in range(1, min(one.panel.codes.shape[1] for one in rated)):
            parts = {label: _corrected(rated, own, start, iteration, pair) for label, own in chains.items()}
            if len(parts) > 1:
                parts[ALL] = [
                    pooled_label([by_study[place] for by_study in parts.values()]) for place in range(len(_STUDIES))
                ]
            for label, own_parts in parts.items():
                where = {"start": start, "label": label, "attribute": attribute, "iteration": iteration}
                for code, category in enumerate(rated[0].panel.categories):
                    yield {"arm": pair.arms[0].name, "category": category} | where | _numbers(own_parts, code)


class _Chains(NamedTuple):
    """Chains of one label in one study."""

    rows: np.ndarray
    """int (n,), rows of the study."""
    clusters: np.ndarray
    """int (n,), their starts; equal numbers in both studies."""


def _chosen(pair: Pair, key: tuple[str, str]) -> list[_Chains]:
    chosen = []
    for rows, division in zip(pair.rows, pair.divisions, strict=True):
        groups = division[0]
        is_own = groups.owners[groups.cells] == groups.keys.index(key)
        chosen.append(_Chains(rows[is_own], groups.starts[groups.cells[is_own]]))
    return chosen


def _corrected(
    rated: tuple[Rated, Rated], chains: list[_Chains], start: str, iteration: int, pair: Pair
) -> list[CorrectedLabel]:
    """Return the contrast, the change of the arm and that of the reference."""
    first, size = first_picture(start), len(rated[0].panel.categories)
    own_terms = [(1, iteration)] if iteration == first else [(1, iteration), (-1, first)]
    # Paired chains from images have one and the same first image.
    contrast_terms = [(1, iteration)] if pair.is_paired and start == "image" else own_terms
    samples = [
        {k: _sampled(one, own.rows, k) for k in {iteration, first}} for one, own in zip(rated, chains, strict=True)
    ]
    changes: list[CorrectedChange | None] = []
    for signs, terms in zip(_STUDIES, (contrast_terms, own_terms, own_terms), strict=True):
        used = [(sign, place, own_sign, k) for place, sign in signs for own_sign, k in terms]
        if any((samples[place][k].rated == ABSENT).all() for _, place, _, k in used):
            changes.append(None)
        elif pair.is_paired:
            terms_of_both = [(sign * own_sign, samples[place][k]) for sign, place, own_sign, k in used]
            changes.append(combined_change([corrected_part(terms_of_both, chains[0].clusters, size)]))
        else:
            parts = [
                corrected_part([(own_sign, samples[place][k]) for own_sign, k in terms], chains[place].clusters, size)
                for place, _ in signs
            ]
            changes.append(combined_change(parts, [sign for _, sign in signs]))
    n_checked = sum(
        int((by_time[k].rated != ABSENT).sum()) for by_time in samples for k in {k for _, k in contrast_terms}
    )
    starts = min(
        len(np.unique(own.clusters[samples[place][k].rated != ABSENT]))
        for place, own in enumerate(chains)
        for _, k in contrast_terms
    )
    n = min(len(own.rows) for own in chains)
    return [CorrectedLabel(n, n_checked, starts, change) for change in changes]


def _sampled(rated: Rated, rows: np.ndarray, k: int) -> Sampled:
    return Sampled(rated.panel.codes[rows, k], rated.ratings[rows, k], rated.strata[rows, k])


def _numbers(parts: list[CorrectedLabel], code: int) -> Row:
    """Return the columns CORRECTED of one category, from the contrast and the changes of the two studies."""
    (estimate, p_value), arm, reference = (
        (Estimate(), np.nan) if part.change is None else change_estimate(part.change, code) for part in parts
    )
    return {
        **estimate.columns(),
        "p_value": p_value,
        "value_arm": arm[0].value,
        "value_reference": reference[0].value,
        "n_checked": parts[0].n_checked,
        "clusters": parts[0].clusters,
    }
