"""What an annotator can be trusted with, in a plain sentence an attribute."""

from typing import Any

import pandas as pd

from broken_telephone.statistics.tables.agreement_table import AGREEMENT, ALL_RATERS, RATER, TOGETHER
from broken_telephone.statistics.tables.shares_table import DATASET

RELIABLE, TENTATIVE = 0.8, 0.667
"""Krippendorff (2019), Content Analysis, 12.3: rely on alpha of 0.8 or more, conclude tentatively from 0.667."""
FEWEST = 10
"""Pictures: of fewer, no verdict is given, for their intervals do not hold what they promise."""


def is_people(name: str) -> bool:
    """Return whether an annotator's name is no reading of a model; the empty name stands beside all raters at once."""
    return name in ("", DATASET, TOGETHER, ALL_RATERS) or name.startswith(RATER)


def agreement_sentences(agreement: pd.DataFrame, confusions: pd.DataFrame) -> pd.DataFrame:
    """Say of every comparison what it means.

    Args:
        agreement: as `measures.agreement_table` returns it. Where it has an ordinal alpha, that decides.
        confusions: as `measures.confusion_table` returns it.

    Returns:
        Columns attribute, one, other, categories, verdict (reliable, tentative, unreliable, open, undefined), sentence.
    """
    rows = []
    for row in agreement.reindex(columns=list(AGREEMENT)).itertuples(index=False):
        alpha = _alpha(row)
        verdict = _verdict(row.n, *alpha[1:])
        same_pair = (confusions["one"] == row.one) & (confusions["other"] == row.other)
        of = confusions[same_pair & (confusions["attribute"] == row.attribute)]
        sentence = f"{_what(row)}: {_who(row)} {_how_often(row)} ({_in_words(*alpha)}). {_MEANING[verdict]}"
        weakest = _weakest(of) if row.categories == "all" else ""
        rows.append((row.attribute, row.one, row.other, row.categories, verdict, f"{sentence}{weakest}"))
    return pd.DataFrame(rows, columns=["attribute", "one", "other", "categories", "verdict", "sentence"])


_MEANING = {
    "reliable": "They agree well enough to rely on.",
    "tentative": "They agree well enough for tentative conclusions only.",
    "unreliable": "They do not agree well enough to conclude anything from.",
    "open": "There are too few pictures to tell whether that is enough.",
    "undefined": "What they would agree on by chance cannot be told, so neither can what their agreement is worth.",
}


def _alpha(row: Any) -> tuple[str, float, float, float]:
    """Name of the alpha that decides, its value and its interval."""
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


def _what(row: Any) -> str:
    merged = "" if row.categories == "all" else f", with {row.categories} taken as one"
    return f"{row.attribute.replace('_', ' ').capitalize()}{merged}"


def _who(row: Any) -> str:
    if not row.other:
        return f"{row.one} of a picture give the same category"
    one, other = (f"the {name}" if name in (DATASET, TOGETHER) else name for name in (row.one, row.other))
    return f"{other} {'give' if row.other == TOGETHER else 'gives'} the category of {one}"


def _how_often(row: Any) -> str:
    share = "" if row.n < FEWEST else f", {100 * row.agree:.1f} %"
    return f"to {round(row.agree * row.n)} of {row.n} picture{'' if row.n == 1 else 's'}{share}"


def _in_words(name: str, alpha: float, low: float, high: float) -> str:
    if pd.isna(alpha):
        return f"{name} is not defined for a single picture, or a single category"
    if pd.isna(low) or low == high:
        return f"{name} {alpha:.2f}"
    return f"{name} {alpha:.2f}, 95 % interval {low:.2f} to {high:.2f}"


def _weakest(confusions: pd.DataFrame) -> str:
    """The category of the first annotator that the second gives least often, unless it is always given."""
    counts = confusions.assign(same=confusions["one_category"].astype(str) == confusions["other_category"].astype(str))
    counts = counts[counts["count"] > 0]
    totals = counts.groupby("one_category", observed=True)["count"].sum()
    same = counts[counts["same"]].groupby("one_category", observed=True)["count"].sum()
    same = same.reindex(totals.index, fill_value=0)
    shares = same / totals
    if shares.empty or shares.min() == 1:
        return ""
    worst = shares.idxmin()
    others = counts[(counts["one_category"] == worst) & ~counts["same"]].sort_values("count", ascending=False)
    instead, often = others["other_category"].iloc[0], "" if len(others) == 1 else " most often"
    return f" Weakest is {worst}, named for {same[worst]} of {totals[worst]}, with {instead}{often} in its place."
