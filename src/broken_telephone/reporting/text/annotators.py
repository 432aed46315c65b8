"""Names the annotator that the report measures, and says how far further annotators agree with it."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from broken_telephone.reporting.text.wording import (
    capital,
    counted,
    listed,
    number_interval,
    percent,
    spoken,
    with_minus,
)
from broken_telephone.statistics.tables.agreement_by_kind import DRAWN, ORIGINALS
from broken_telephone.statistics.tables.shares_table import DATASET


def annotator_sentences(annotator_agreement: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
    """Describe the agreement of further annotators with the measured one, on originals and drawn images apart.

    Args:
        annotator_agreement: the `annotator_agreement` table; empty for a study with one annotator.
        shares: the `shares` table, which names the measured annotator.
    """
    measured = sorted(set(shares["annotator"].astype(str)) - {DATASET}) if len(shares) else []
    if annotator_agreement.empty or not measured:
        return []
    table = annotator_agreement[annotator_agreement["categories"].astype(str) == "all"]
    is_measured = (table["annotator_a"].astype(str) == measured[0]) | (table["annotator_b"].astype(str) == measured[0])
    lead = (
        f"Several annotators labelled the images. The results are those of {measured[0]}, unless a sentence names "
        "another annotator."
    )
    return [lead, *_pairs(table[is_measured], measured[0])]


def unlabelled_sentences(annotations: pd.DataFrame, measured: str, attributes: Iterable[str]) -> list[str]:
    """Name the attributes that the measured annotator does not label, and the annotators that label them.

    Args:
        annotations: the `annotations` table. An annotator has rows for every attribute that it labels.
        measured: the annotator that the report measures.
        attributes: those of the form.
    """
    labelled = annotations[["annotator", "attribute"]].astype(str).drop_duplicates()
    own = set(labelled.loc[labelled["annotator"] == measured, "attribute"])
    if not own:
        return []
    sentences = []
    for attribute in dict.fromkeys(attributes):
        if attribute in own:
            continue
        others = list(labelled.loc[labelled["attribute"] == attribute, "annotator"])
        sentence = f"{measured} does not label {spoken(attribute).lower()}, so its own answers show no drift of it."
        if others:
            sentence += (
                f" {listed(others, len(others))} labelled it; the setting `report.annotator` can name one of them."
            )
        sentences.append(sentence)
    return sentences


def _pairs(table: pd.DataFrame, measured: str) -> Iterator[str]:
    for (annotator_a, annotator_b, attribute), rows in table.groupby(
        ["annotator_a", "annotator_b", "attribute"], sort=False, observed=True
    ):
        other = annotator_b if annotator_a == measured else annotator_a
        kinds = {str(row.pictures): row for row in rows.itertuples(index=False)}
        parts = " and ".join(_agreement(kinds[kind], kind) for kind in (ORIGINALS, DRAWN) if kind in kinds)
        sentence = f"{capital(spoken(attribute).lower())}: {measured} and {other} give the same category to {parts}."
        if {ORIGINALS, DRAWN} <= kinds.keys() and kinds[DRAWN].alpha_high < kinds[ORIGINALS].alpha_low:
            sentence += " They agree less on drawn images."
        yield sentence


def _agreement(row: Any, kind: str) -> str:
    images = counted(int(row.n), kind.removesuffix("s"))
    text = f"{percent(row.share_agreeing)} of {images}"
    if pd.isna(row.alpha):
        return text
    alpha = f"alpha {with_minus(f'{row.alpha:.2f}')}"
    if pd.isna(row.alpha_low) or row.alpha_low == row.alpha_high:
        return f"{text} ({alpha})"
    return f"{text} ({alpha}, {number_interval(row.alpha_low, row.alpha_high, '.2f')})"
