"""What an annotator can be trusted with, in a plain sentence an attribute."""

import pandas as pd

RELIABLE, TENTATIVE = 0.8, 0.667
"""Krippendorff (2019), Content Analysis, 12.3: rely on alpha of 0.8 or more, conclude tentatively from 0.667."""


def agreement_sentences(agreement: pd.DataFrame, confusions: pd.DataFrame) -> pd.DataFrame:
    """Say of every comparison what it means.

    Args:
        agreement: as `measures.agreement_table` returns it.
        confusions: as `measures.confusion_table` returns it.

    Returns:
        Columns attribute, one, other, categories, verdict (reliable, tentative, unreliable, open, undefined), sentence.
    """
    rows = []
    for row in agreement.itertuples(index=False):
        verdict = _verdict(row.alpha, row.alpha_low, row.alpha_high)
        same_pair = (confusions["one"] == row.one) & (confusions["other"] == row.other)
        of = confusions[same_pair & (confusions["attribute"] == row.attribute)]
        merged = "" if row.categories == "all" else f", with {row.categories} taken as one"
        sentence = (
            f"{row.attribute.replace('_', ' ').capitalize()}{merged}: {row.other} gives the category of {row.one} to "
            f"{row.agree:.1%} of {row.n} pictures ({_alpha(row)}). {_MEANING[verdict]}"
        )
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


def _verdict(alpha: float, low: float, high: float) -> str:
    if pd.isna(alpha):
        return "undefined"
    if pd.isna(low):
        return "open"
    if low >= RELIABLE:
        return "reliable"
    if high < TENTATIVE:
        return "unreliable"
    if low >= TENTATIVE:
        return "tentative"
    return "open"


def _alpha(row) -> str:  # type: ignore[no-untyped-def]
    if pd.isna(row.alpha):
        return "alpha is not defined for a single picture, or a single category"
    return f"alpha {row.alpha:.2f}, 95 % interval {row.alpha_low:.2f} to {row.alpha_high:.2f}"


def _weakest(confusions: pd.DataFrame) -> str:
    """The category of the first annotator that the second gives least often, unless it is always given."""
    counts = confusions.assign(same=confusions["one_category"].astype(str) == confusions["other_category"].astype(str))
    totals = counts.groupby("one_category", observed=True)["count"].sum()
    same = counts[counts["same"]].groupby("one_category", observed=True)["count"].sum()
    same = same.reindex(totals.index, fill_value=0)
    shares = same / totals
    if shares.empty or shares.min() == 1:
        return ""
    worst = shares.idxmin()
    others = counts[(counts["one_category"] == worst) & ~counts["same"]].sort_values("count", ascending=False)
    instead = others["other_category"].iloc[0]
    return f" Weakest is {worst}, named for {same[worst]} of {totals[worst]}, with {instead} most often in its place."
