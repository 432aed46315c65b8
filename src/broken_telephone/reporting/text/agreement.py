"""Writes one sentence per attribute on how reliable an annotator is."""

from typing import Any

import pandas as pd

from broken_telephone.reporting.text.wording import capital, counted, number_interval, spoken, with_minus
from broken_telephone.statistics.tables.agreement_table import AGREEMENT, ALL_RATERS, RATER, TOGETHER
from broken_telephone.statistics.tables.shares_table import DATASET

RELIABLE, TENTATIVE = 0.8, 0.667
"""Krippendorff (2019), Content Analysis, 12.3: rely on alpha of 0.8 or more, conclude tentatively from 0.667."""
FEWEST = 10
"""Images: fewer get no verdict, because their intervals do not reach the nominal coverage."""


def is_people(name: str) -> bool:
    """Return whether a name stands for people, not for a model's reading; the empty name stands beside all raters."""
    return name in ("", DATASET, TOGETHER, ALL_RATERS) or name.startswith(RATER)


def agreement_sentences(agreement: pd.DataFrame, confusions: pd.DataFrame) -> pd.DataFrame:
    """Judge every comparison in a sentence.

    Args:
        agreement: as `statistics.agreement_table` returns it. An ordinal alpha decides where there is one.
        confusions: as `statistics.confusion_table` returns it.

    Returns:
        Columns attribute, one, other, categories, verdict (reliable, tentative, unreliable, open, undefined), sentence.
    """
    rows = []
    for row in agreement.reindex(columns=list(AGREEMENT)).itertuples(index=False):
        alpha = _alpha(row)
        verdict = _verdict(row.n, *alpha[1:])
        same_pair = (confusions["annotator_a"] == row.annotator_a) & (confusions["annotator_b"] == row.annotator_b)
        own_confusions = confusions[same_pair & (confusions["attribute"] == row.attribute)]
        merged = "" if row.categories == "all" else f", with {row.categories} merged"
        attribute = f"{capital(spoken(row.attribute).lower())}{merged}"
        meaning = _MEANING[verdict]
        if DATASET in (row.annotator_a, row.annotator_b):
            # The data set labels originals only, so nothing follows for drawn images.
            meaning = meaning.replace("agreement", "agreement on originals", 1)
        sentence = f"{attribute}: {_annotators(row)} {_how_often(row)} ({_alpha_text(*alpha)}). {meaning}"
        weakest = _weakest_category(own_confusions) if row.categories == "all" else ""
        rows.append((row.attribute, row.annotator_a, row.annotator_b, row.categories, verdict, f"{sentence}{weakest}"))
    return pd.DataFrame(rows, columns=["attribute", "annotator_a", "annotator_b", "categories", "verdict", "sentence"])


_MEANING = {
    "reliable": "This agreement is reliable.",
    "tentative": "This agreement allows tentative conclusions only.",
    "unreliable": "This agreement is too low to draw conclusions.",
    "open": "There are too few images to tell whether this is enough.",
    "undefined": "Chance agreement is undefined, so this agreement cannot be judged.",
}


def _alpha(row: Any) -> tuple[str, float, float, float]:
    """Return the name of the deciding alpha, its value and its interval."""
    if pd.notna(row.ordinal_alpha):
        return "ordinal alpha", row.ordinal_alpha, row.ordinal_low, row.ordinal_high
    return "alpha", row.alpha, row.alpha_low, row.alpha_high


def _verdict(n: int, alpha: float, low: float, high: float) -> str:
    if pd.isna(alpha):
        return "undefined"
    if n < FEWEST or pd.isna(low) or low == high:
        return "open"
    if low >= RELIABLE:
        return "reliable"
    if high < TENTATIVE:
        return "unreliable"
    if low >= TENTATIVE:
        return "tentative"
    return "open"


def _annotators(row: Any) -> str:
    if not row.annotator_b:
        return f"{row.annotator_a} of an image give the same category"
    annotator_a, annotator_b = (
        f"the {name}" if name in (DATASET, TOGETHER) else name for name in (row.annotator_a, row.annotator_b)
    )
    return f"{annotator_b} {'give' if row.annotator_b == TOGETHER else 'gives'} the category of {annotator_a}"


def _how_often(row: Any) -> str:
    per_cent = f"{100 * row.share_agreeing:.1f}" if row.share_agreeing < 1 else "100"
    share = "" if row.n < FEWEST else f", {per_cent} %"
    return f"to {round(row.share_agreeing * row.n):,} of {counted(row.n, 'image')}{share}"


def _alpha_text(name: str, alpha: float, low: float, high: float) -> str:
    if pd.isna(alpha):
        return f"{name} is undefined for a single image or a single category"
    if pd.isna(low) or low == high:
        return f"{name} {with_minus(f'{alpha:.2f}')}"
    return f"{name} {with_minus(f'{alpha:.2f}')}, {number_interval(low, high, '.2f')}"


def _weakest_category(confusions: pd.DataFrame) -> str:
    """Describe the first annotator's category that the second gives least often, unless it always gives it."""
    counts = confusions.assign(same=confusions["category_a"].astype(str) == confusions["category_b"].astype(str))
    counts = counts[counts["count"] > 0]
    totals = counts.groupby("category_a", observed=True)["count"].sum()
    same = counts[counts["same"]].groupby("category_a", observed=True)["count"].sum()
    same = same.reindex(totals.index, fill_value=0)
    shares = same / totals
    if shares.empty or shares.min() == 1:
        return ""
    weakest = shares.idxmin()
    others = counts[(counts["category_a"] == weakest) & ~counts["same"]].sort_values("count", ascending=False)
    instead, often = others["category_b"].iloc[0], "" if len(others) == 1 else " most often"
    agreed = f"both give it to {same[weakest]} of {totals[weakest]}"
    return f" The weakest category is {weakest}: {agreed}, and the second gives {instead}{often} instead."
