"""Summarises the study in plain sentences; every claim needs a significant test and sufficient power."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.reporting.text.annotator_error import (
    bias_sentences,
    correction_sentences,
    reliability_sentences,
)
from broken_telephone.reporting.text.changes import change_sentences, significant_changes
from broken_telephone.reporting.text.limits import power_sentences
from broken_telephone.reporting.text.outlook import fixed_point_sentences, settled_sentences
from broken_telephone.reporting.text.region_support import region_sentences
from broken_telephone.reporting.text.success import success_sentences
from broken_telephone.reporting.text.verdicts import LEVEL, verdicts
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.shares_table import DATASET

MOST = 6
"""Changes that the summary describes one by one."""
CHANGED, UNKNOWN, SETTLED = "What changed", "Statistical power", "Convergence"
RELIABILITY, SUCCESS = "Reliability of the annotator", "Does the describer still name the label?"
SUPPORT = "Image regions behind the label's words"
PLAN = "Planned and exploratory"


def summary(tables: Mapping[str, pd.DataFrame], level: float = LEVEL, most: int = MOST) -> dict[str, list[str]]:
    """Return topic -> sentences, the most informative first.

    Args:
        tables: by name (shares, drift, decomposition, trajectories, power, corrected_shares, corrected_drift,
            annotator_bias, agreement_sentences, success, support_sentences, support_tests, plan_sentences);
            a missing table counts as empty.
        level: adjusted p-values below it are significant.
        most: number of changes to describe one by one.
    """
    known = {name: tables.get(name, pd.DataFrame()) for name in ("drift", "shares", "power", "decomposition")}
    drift, shares, power, decomposition = known.values()
    trajectories, corrected, bias, agreement, success, support, support_tests = (
        tables.get(name, pd.DataFrame())
        for name in (
            "trajectories",
            "corrected_shares",
            "annotator_bias",
            "agreement_sentences",
            "success",
            "support_sentences",
            "support_tests",
        )
    )
    changes = verdicts(drift, power, shares, level, tables.get("corrected_drift"))
    missing = _missing_comparisons(shares, decomposition)
    reliability = [
        *reliability_sentences(agreement, shares),
        *correction_sentences(corrected),
        *bias_sentences(bias, level),
    ]
    optional = {SUCCESS: success_sentences(success, level), SUPPORT: region_sentences(support, support_tests)}
    plan = tables.get("plan_sentences", pd.DataFrame())
    optional[PLAN] = [str(sentence) for sentence in plan["sentence"]] if len(plan) else []
    rest = {RELIABILITY: reliability} | {topic: sentences for topic, sentences in optional.items() if sentences}
    if nothing := _why_no_drift(changes, shares):
        return {CHANGED: [nothing, *missing], **rest}
    return {
        CHANGED: [*change_sentences(changes, decomposition, most), *missing],
        UNKNOWN: power_sentences(changes, power),
        SETTLED: [
            *settled_sentences(trajectories, changes),
            *fixed_point_sentences(significant_changes(changes), trajectories, shares),
        ],
        **rest,
    }


def _why_no_drift(changes: pd.DataFrame, shares: pd.DataFrame) -> str:
    """Return why there is nothing to compare, or an empty text."""
    if len(changes) and changes["value"].notna().any():
        return ""
    if shares.empty or not shares.loc[shares["annotator"].astype(str) != DATASET, "n"].sum():
        return "No image has a valid answer by the annotator, so drift cannot be measured."
    if len(changes):
        return "No chain has a valid answer in both its first and its last image, so drift cannot be measured."
    return "No chain has two images to compare, so drift cannot be measured."


def _missing_comparisons(shares: pd.DataFrame, decomposition: pd.DataFrame) -> list[str]:
    """Name further comparisons that are impossible."""
    sentences = []
    labels = set(shares["label"].astype(str)) - {ALL} if len(shares) else set()
    if len(labels) == 1:
        sentences.append(f"All chains have the same label, {labels.pop()}, so labels cannot be compared.")
    if decomposition.empty or not decomposition["value"].notna().any():
        sentences.append(
            "The data set's labels of the originals are missing or not comparable with the annotator's. The published "
            "comparison, and the annotator's own error in it, cannot be computed."
        )
    return sentences
