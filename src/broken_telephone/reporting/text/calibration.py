"""Writes sentences about the calibration of the closed-form probabilities."""

import pandas as pd

from broken_telephone.reporting.text.wording import counted, listed, percent, spoken
from broken_telephone.statistics.tables.reliability import ERROR, RECALIBRATED, STATED


def calibration_sentences(reliability: pd.DataFrame) -> list[str]:
    """Say for each kind of picture and reference how far stated probabilities are from the share of right answers.

    Args:
        reliability: the `reliability` table.
    """
    if reliability.empty:
        return []
    errors = reliability[reliability["measure"].astype(str) == ERROR]
    errors = errors.astype(dict.fromkeys(("kind", "reference", "attribute", "method"), str))
    sentences = []
    for (kind, reference), own in errors.groupby(["kind", "reference"], sort=False):
        after = own[own["method"] == RECALIBRATED].set_index("attribute")["value"]
        parts = []
        for row in own[own["method"] == STATED].itertuples(index=False):
            recalibrated = "" if pd.isna(after[row.attribute]) else f", recalibrated {100 * after[row.attribute]:.1f}"
            parts.append(
                f"{spoken(row.attribute)} {100 * row.value:.1f} points (stated {percent(row.confidence)} on average"
                f"{recalibrated}, {counted(int(row.n), 'image')})"
            )
        sentences.append(
            f"Expected calibration error of the closed reading in {kind}, with the {reference} as reference: "
            f"{listed(parts, len(parts))}."
        )
    return sentences
