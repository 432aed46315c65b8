"""Summarises the study in plain sentences; every claim needs a significant test and sufficient power."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from broken_telephone.reporting.text.annotator_error import (
    bias_sentences,
    contradicted_attributes,
    correction_sentences,
    reliability_sentences,
)
from broken_telephone.reporting.text.annotators import annotator_sentences
from broken_telephone.reporting.text.calibration import calibration_sentences
from broken_telephone.reporting.text.changes import change_sentences, significant_changes
from broken_telephone.reporting.text.heading import (
    diversity_sentences,
    markov_sentences,
    motif_sentences,
    predicted_sentences,
)
from broken_telephone.reporting.text.intersections import intersection_sentences
from broken_telephone.reporting.text.latent_classes import latent_class_sentences
from broken_telephone.reporting.text.limits import power_sentences
from broken_telephone.reporting.text.mentions import mention_sentences
from broken_telephone.reporting.text.missing_answers import missing_answer_sentences
from broken_telephone.reporting.text.outlook import fixed_point_sentences, settled_sentences
from broken_telephone.reporting.text.planned_verdicts import with_planned_verdicts
from broken_telephone.reporting.text.ratings_needed import ratings_needed_sentences
from broken_telephone.reporting.text.region_support import region_sentences
from broken_telephone.reporting.text.skin_tone import skin_sentences
from broken_telephone.reporting.text.success import success_sentences
from broken_telephone.reporting.text.success_differences import success_difference_sentences
from broken_telephone.reporting.text.verdicts import ANNOTATOR, LEVEL, judged_together, of_family
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.findings import INTERSECTIONS
from broken_telephone.statistics.tables.shares_table import DATASET

MARGIN = 0.05
"""Largest last change of a share that counts as settled, unless the settings say otherwise."""
MOST = 6
"""Changes that the summary describes one by one."""
CHANGED, UNKNOWN, SETTLED = "What changed", "Statistical power", "Convergence"
HEADING = "Where it is heading"
RELIABILITY, SUCCESS = "Reliability of the annotator", "Does the describer still name the label?"
SUPPORT = "Image regions behind the label's words"
CROSSED, MISSING = "Crossed attributes", "Missing answers"
MENTIONS = "Attributes that the descriptions still mention"
SKIN = "Skin tone of faces, by their pixels"
PLAN = "Planned and exploratory"
_BY_ANNOTATOR = "These results use the annotator's answers alone; nothing corrects the single steps."


def summary(
    tables: Mapping[str, pd.DataFrame],
    level: float = LEVEL,
    most: int = MOST,
    margin: float = MARGIN,
    unlabelled: Sequence[str] = (),
) -> dict[str, list[str]]:
    """Return topic -> sentences, the most informative first.

    Args:
        tables: by name (findings, planned_changes, shares, decomposition, trajectories, power, corrected_shares,
            annotator_bias, annotator_agreement, agreement_sentences, latent_classes, annotator_confusions,
            ratings_needed, reliability,
            success, success_differences, success_changes, missing_answers, share_bounds, support_sentences,
            support_tests, intersection_changes, skin_drift, mention_shares, plan_sentences, markov_tests,
            predicted_shares, diversity, diversity_changes, attractors); a missing table counts as empty.
        level: adjusted p-values below it are significant.
        most: number of changes to describe one by one.
        margin: largest last change of a share that counts as settled, 0 to 1.
        unlabelled: sentences about attributes that the measured annotator does not label.
    """
    given = defaultdict(pd.DataFrame, tables)
    findings, shares, trajectories = given["findings"], given["shares"], given["trajectories"]
    changes = with_planned_verdicts(of_family(findings), given["planned_changes"])
    missing = _missing_comparisons(shares, given["decomposition"])
    reliability = [
        *annotator_sentences(given["annotator_agreement"], shares),
        *unlabelled,
        *bias_sentences(given["annotator_bias"], level),
        *reliability_sentences(given["agreement_sentences"], shares),
        *correction_sentences(given["corrected_shares"]),
        *latent_class_sentences(given["latent_classes"], given["annotator_confusions"]),
        *ratings_needed_sentences(given["ratings_needed"]),
        *calibration_sentences(given["reliability"]),
    ]
    plan = given["plan_sentences"]
    crossed = judged_together(given["intersection_changes"], findings, INTERSECTIONS)
    further_claims = {
        PLAN: [str(sentence) for sentence in plan["sentence"]] if len(plan) else [],
        CROSSED: intersection_sentences(crossed, level, contradicted_attributes(given["annotator_bias"], level)),
        MISSING: missing_answer_sentences(given["missing_answers"], given["share_bounds"], findings, level),
    }
    further_topics = {
        SUCCESS: [
            *success_sentences(given["success"]),
            *success_difference_sentences(given["success_differences"], given["success_changes"], findings, level),
        ],
        MENTIONS: mention_sentences(given["mention_shares"], level),
        SUPPORT: region_sentences(given["support_sentences"], given["support_tests"]),
        SKIN: skin_sentences(given["skin_drift"], level),
    }
    claims, topics = (
        {topic: sentences for topic, sentences in group.items() if sentences}
        for group in (further_claims, further_topics)
    )
    heading = [
        *markov_sentences(given["markov_tests"]),
        *predicted_sentences(given["predicted_shares"]),
        *diversity_sentences(given["diversity"], given["diversity_changes"]),
        *motif_sentences(given["attractors"]),
    ]
    rest = ({HEADING: heading} if heading else {}) | {RELIABILITY: reliability} | topics
    if nothing := _why_no_drift(changes, shares):
        return {CHANGED: [nothing, *missing], **claims, **rest}
    return {
        CHANGED: [*change_sentences(changes, given["decomposition"], most), *missing],
        **claims,
        UNKNOWN: power_sentences(changes, given["power"]),
        SETTLED: [
            *settled_sentences(trajectories, changes, margin),
            *fixed_point_sentences(significant_changes(changes), trajectories, shares),
            *([_BY_ANNOTATOR] if (changes["method"] != ANNOTATOR).any() else []),
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
