"""Writes sentences about annotator error: agreement with people, and how sensitive shares are to an assumption."""

from statistics import median

import numpy as np
import pandas as pd

from broken_telephone.reporting.text.agreement import is_people
from broken_telephone.reporting.text.verdicts import CELL, first_to_last
from broken_telephone.reporting.text.wording import counted, listed, percent, points, share_interval, spoken, the_share
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.agreement_table import RATER, TOGETHER
from broken_telephone.statistics.tables.corrected_shares import CONFUSION, RATINGS, significant_difference
from broken_telephone.statistics.tables.shares_table import DATASET

_NAMED = 2
_METHODS = {CONFUSION: "with the confusion matrix of the originals", RATINGS: "with human ratings of a sample"}
_ASSUMPTION = (
    "Sensitivity analysis: the confusion matrix of the originals corrects shares under the assumption that the "
    "annotator errs on drawn images as it does on originals."
)


def reliability_sentences(agreement_sentences: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
    """Describe how far the annotator agrees with people: the data set's labels and the raters.

    Args:
        agreement_sentences: as `agreement.agreement_sentences` returns it.
        shares: the `shares` table, which names the annotator that was measured.
    """
    with_people = pd.Series(False, index=agreement_sentences.index)
    if len(agreement_sentences):
        annotator_a, annotator_b = (agreement_sentences[name].astype(str) for name in ("annotator_a", "annotator_b"))
        with_people = annotator_a.map(is_people) != annotator_b.map(is_people)
        if (with_people & (annotator_a == TOGETHER)).any():
            # The raters together consist of the single raters, who would only repeat them.
            with_people &= ~annotator_a.str.startswith(RATER)
        measured = set(shares["annotator"].astype(str)) - {DATASET} if len(shares) else set()
        of_measured = annotator_a.isin(measured) | annotator_b.isin(measured)
        if (with_people & of_measured).any():
            with_people &= of_measured
        with_people &= agreement_sentences["categories"] == "all"
    if not with_people.any():
        return [
            "There are no human labels to compare the annotator with, neither from the data set nor from raters. "
            "The annotator's reliability is unknown."
        ]
    sentences = [str(sentence) for sentence in agreement_sentences.loc[with_people, "sentence"]]
    if (annotator_a[with_people] == DATASET).all():
        sentences.append("This covers the originals only: nobody has rated the drawn images.")
    return sentences


def correction_sentences(corrected: pd.DataFrame) -> list[str]:
    """Describe the corrections of shares: by ratings, and by the confusion matrix as a sensitivity analysis.

    Args:
        corrected: the `corrected_shares` table.
    """
    if corrected.empty or not corrected["value"].notna().any():
        return ["No share was corrected with labels by people: too few images have them."]
    corrected = corrected[corrected["value"].notna()]
    methods = set(corrected["method"].astype(str))
    if CONFUSION not in methods:
        return ["Shares were corrected for annotator error with human ratings of a sample."]
    if RATINGS not in methods:
        return [f"{_ASSUMPTION} No rating of drawn images checks this assumption."]
    keys = [*CELL, "iteration"]
    checked = corrected[corrected["methods_agree"].notna()]
    cells = [rows for _, rows in checked.groupby([checked[name].astype(str) for name in keys], sort=False)]
    if not cells:
        return [f"{_ASSUMPTION} For no share do enough ratings check this assumption."]
    needed = median(significant_difference(*(rows["ci_high"] - rows["ci_low"])) for rows in cells)
    lead = (
        f"{_ASSUMPTION} Human ratings check it for {counted(len(cells), 'share')}. For half of them, "
        f"a difference below {points(needed)} is not significant."
    )
    different = [rows for rows in cells if not rows["methods_agree"].astype(bool).all()]
    if not different:
        return [f"{lead} Ratings do not contradict the assumption for any share, which does not prove it."]
    different.sort(key=lambda rows: -np.ptp(rows["value"].to_numpy(float)))
    chance = f" (by chance alone: about {round(len(cells) / 20)})" if len(cells) >= 10 else ""
    verb = "differs" if len(different) == 1 else "differ"
    first = {
        (row.start, row.label, row.attribute, row.iteration): rows
        for rows in reversed(different)
        for row in rows.head(1).itertuples(index=False)
    }
    named = listed([_difference(rows) for rows in reversed(first.values())], 1)
    return [f"{lead} {counted(len(different), 'share')} {verb} significantly{chance}: {named}."]


def bias_sentences(bias: pd.DataFrame, level: float) -> list[str]:
    """Say for which attributes ratings or a reference annotator contradict the annotator's drift up to the last image.

    Args:
        bias: the `annotator_bias` table.
        level: adjusted p-values below it are significant.
    """
    checked = first_to_last(bias[bias["n_checked"] > 0]) if len(bias) else bias
    if checked.empty:
        return ["No rating checks the annotator's drift: whether it errs differently on drawn images is unknown."]
    sentences = []
    for method, rows in checked.groupby(checked["method"].astype(str), sort=False):
        source = "Human ratings" if method == RATINGS else f"The answers of {method}"
        overall = rows[rows["label"].astype(str).isin([ALL]) | (rows["label"].nunique() == 1)]
        for row in overall.itertuples(index=False):
            of_attribute = f"the annotator's drift of {spoken(row.attribute)} in chains from {row.start}s"
            images = counted(int(row.n_checked), "rated image" if method == RATINGS else "image")
            if pd.isna(row.p_adjusted):
                sentences.append(f"{source} do not suffice to test {of_attribute} ({images}: {row.note}).")
                continue
            verb = "contradict" if row.p_adjusted < level else "do not contradict"
            sentences.append(
                f"{source} {verb} {of_attribute} (joint test, adjusted p = {row.p_adjusted:.2g}, {images})."
            )
    if RATINGS not in set(checked["method"].astype(str)):
        sentences.append("Nobody rated drawn images, so errors that both annotators share remain unknown.")
    return sentences


def contradicted_attributes(bias: pd.DataFrame, level: float) -> list[str]:
    """Return the attributes for which human ratings contradict the annotator's drift of any label.

    Args:
        bias: the `annotator_bias` table.
        level: adjusted p-values below it are significant.
    """
    if bias.empty:
        return []
    tested = first_to_last(bias[bias["p_value"].notna() & (bias["method"].astype(str) == RATINGS)])
    return list(dict.fromkeys(tested.loc[tested["p_adjusted"] < level, "attribute"].astype(str)))


def _difference(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    values = [
        f"{percent(row.value)} {_METHODS.get(row.method, row.method)} ({share_interval(row.ci_low, row.ci_high)})"
        for row in rows.drop_duplicates("method").itertuples(index=False)
    ]
    share = the_share(str(first["attribute"]), str(first["category"]), str(first["label"]))
    where = f"image {int(first['iteration'])} of chains from {first['start']}s"
    return f"{share} in {where} is {' but '.join(values)}"
