"""Writes sentences about whether the describer still names the label, and equally often for all groups."""

from collections.abc import Iterator

import pandas as pd

from broken_telephone.reporting.text.wording import counted, listed, number_interval, percent, shown_as, spoken
from broken_telephone.statistics import ALL

_NAMED = 3


def success_sentences(success: pd.DataFrame, level: float) -> list[str]:
    """Describe how often the label is named in the first and last images, and for which groups more or less often.

    Groups are compared by odds ratios adjusted for the label. Unadjusted rates differ between groups whenever some
    labels are easier to name and occur more often in some groups.

    Args:
        success: the `success` table, with p_adjusted.
        level: adjusted p-values below it are significant.
    """
    if success.empty:
        return []
    sentences = []
    for start, rows in success.groupby(success["start"].astype(str), sort=False):
        labels = rows["label"].astype(str)
        overall = rows[labels == (ALL if (labels == ALL).any() else labels.iloc[0])]
        sentences += [*_rates(str(start), overall), *_odds_ratios(overall, level)]
    return [*sentences, "A label is no longer named if the image has lost it or if the describer misses it."]


def _rates(start: str, rows: pd.DataFrame) -> Iterator[str]:
    rates = rows[(rows["kind"] == "rate") & (rows["n"] > 0)]
    if rates.empty:
        yield f"No image of chains from {start}s has both a description and a valid answer about the person."
        return
    attribute = rates.groupby(rates["attribute"].astype(str), sort=False)["n"].sum().idxmax()
    rates = rates[rates["attribute"].astype(str) == attribute]
    iterations = dict.fromkeys((int(rates["iteration"].min()), int(rates["iteration"].max())))
    named = " and in ".join(_rate(rates[rates["iteration"] == k], k) for k in iterations)
    yield (
        f"In chains from {start}s, the describer names the correct label, and no other, in {named}. "
        f"These are the images with a description and a valid answer about {spoken(attribute)}."
    )


def _rate(rates: pd.DataFrame, iteration: int) -> str:
    count = int(rates["n"].sum())
    share = float((rates["value"] * rates["n"]).sum() / count)
    images = f"{counted(count, 'image')} of iteration {iteration}" if iteration else counted(count, "original")
    return f"{percent(share)} of {images}"


def _odds_ratios(rows: pd.DataFrame, level: float) -> Iterator[str]:
    odds = rows[rows["kind"] == "odds ratio"]
    tested = odds[odds["p_adjusted"].notna()].sort_values("p_adjusted", kind="stable")
    significant = tested[tested["p_adjusted"] < level]
    for row in significant.head(_NAMED).itertuples(index=False):
        images = f"images of iteration {int(row.iteration)}" if row.iteration else "originals"
        yield (
            f"Adjusted for the label, it does so {'more' if row.value > 1 else 'less'} often for {images} shown as "
            f"{shown_as(str(row.attribute), str(row.category))} than for those shown as "
            f"{shown_as(str(row.attribute), str(row.reference))}. "
            f"The odds ratio is {row.value:.2g} ({number_interval(row.ci_low, row.ci_high)})."
        )
    if len(significant) > _NAMED:
        yield f"The table of success lists {counted(len(significant) - _NAMED, 'more such difference')}."
    if quiet := sorted(set(tested["attribute"].astype(str)) - set(significant["attribute"].astype(str))):
        yield f"Adjusted for the label, no difference by {_attributes(quiet)} is significant."
    if untested := sorted(set(odds["attribute"].astype(str)) - set(tested["attribute"].astype(str))):
        yield f"There is no test for a difference by {_attributes(untested)}: see the reasons in the table of success."


def _attributes(names: list[str]) -> str:
    return listed([spoken(name) for name in names], len(names))
