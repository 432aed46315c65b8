"""Long chains: the shares that the first three iterations predict, against those that are observed at the end."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from broken_telephone.statistics import (
    ABSENT,
    Panel,
    Resampling,
    markov_tests_table,
    predicted_shares_table,
    shares_table,
)
from broken_telephone.statistics.estimates.panel import label_groups
from broken_telephone.statistics.tables.group_table import join_notes
from broken_telephone.statistics.tables.predicted_shares import FIXED_POINT, LATER
from broken_telephone.validation.arms import ValidatedArm

ANNOTATOR, JUDGE = "annotator", "judge"
SETTLED = 4
"""The mean share of the last quarter of the images is compared with the fixed point."""
NEAR = 0.05
"""Predictions within 5 points of the observed share are near it."""
LONG_LOOP = (
    *("annotator", "start", "label", "attribute", "category", "kind", "iteration", "value", "ci_low", "ci_high"),
    *("observed", "difference", "is_near", "covers", "passed", "n", "clusters", "note"),
)


def long_loop_table(arm: ValidatedArm, resampling: Resampling) -> pd.DataFrame:
    """Compare predictions of the first three iterations with the end of a long loop.

    Args:
        arm: a study with more than three iterations.
        resampling: of the Markov tests and the intervals.

    Returns:
        Columns LONG_LOOP, by the answers of the `annotator` and of the judge. `kind` LATER: the share of the last
        image, with its prediction interval; `covers`: whether the interval contains the observed share. FIXED_POINT:
        the share to which the loop would converge; `observed` is the mean share of the last quarter of the images.
        `is_near`: whether `difference`, predicted less observed, is at most NEAR. `passed`: whether no Markov test of
        the label and attribute rejects; null without a test.
    """
    tables = [_table(name, own, resampling) for name, own in ((ANNOTATOR, arm.panels), (JUDGE, arm.judged))]
    booleans = dict.fromkeys(("is_near", "covers", "passed"), "boolean")
    return pd.concat(tables, ignore_index=True)[list(LONG_LOOP)].astype(booleans)


def _table(name: str, panels: Mapping[str, Panel], resampling: Resampling) -> pd.DataFrame:
    own = [*panels.values()]
    last = own[0].codes.shape[1] - 1
    tests = markov_tests_table(own, resampling)
    table = predicted_shares_table(own, shares_table(own, name), tests, resampling)
    is_end = (table["kind"] == LATER) & (table["iteration"] == last)
    table = table[is_end | ((table["kind"] == FIXED_POINT) & table["category"].notna())].reset_index(drop=True)
    ends = dict(_end_shares(own, last))
    cells = zip(table["start"], table["label"], table["attribute"], table["category"], strict=True)
    is_fixed = (table["kind"] == FIXED_POINT).to_numpy()
    at_end = np.array([ends[cell] for cell in cells])
    observed = np.where(is_fixed, at_end, table["observed"].astype(float))
    value, low, high = (table[column].to_numpy(float) for column in ("value", "ci_low", "ci_high"))
    difference = value - observed
    covers = np.where(is_fixed | np.isnan(low) | np.isnan(observed), None, (low <= observed) & (observed <= high))
    notes = [
        join_notes(str(note).replace("not observed", "").strip("; "), "" if np.isfinite(number) else "no difference")
        for note, number in zip(table["note"], difference + low, strict=True)
    ]
    return table.assign(
        annotator=name,
        observed=observed,
        difference=difference,
        is_near=np.where(np.isnan(difference), None, np.abs(difference) <= NEAR),
        covers=covers,
        iteration=table["iteration"].fillna(last),
        note=notes,
    )


def _end_shares(panels: list[Panel], last: int) -> Iterator[tuple[tuple[str, str, str, str], float]]:
    """Yield start, label, attribute and category with their mean share in the last images."""
    first = last - max(last // SETTLED, 1) + 1
    for panel in panels:
        for start, label, chosen in label_groups(panel.starts, panel.labels):
            codes = panel.codes[chosen, first:]
            codes = codes[codes != ABSENT]
            for code, category in enumerate(panel.categories):
                yield (start, label, panel.attribute, category), float((codes == code).mean()) if len(codes) else np.nan
