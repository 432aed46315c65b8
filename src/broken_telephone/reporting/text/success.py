"""Whether the describer still names the label, and of everybody alike, in sentences."""

from collections.abc import Iterator

import pandas as pd

from broken_telephone.reporting.text.wording import counted, listed, percent, ratio_interval, shown_as
from broken_telephone.statistics import ALL

_NAMED = 3


def success_sentences(success: pd.DataFrame, level: float) -> list[str]:
    """Tell how often the label is named of the first and of the last pictures, and of whom more or less often.

    Categories are told apart by their odds with the label held alike: over all labels together their rates differ
    already where some labels, and some categories among them, are the easier ones.

    Args:
        success: the `success` table, with p_adjusted.
        level: adjusted p-values below it count.
    """
    if success.empty:
        return []
    said = []
    for start, rows in success.groupby(success["start"].astype(str), sort=False):
        labels = rows["label"].astype(str)
        whole = rows[labels == ALL] if (labels == ALL).any() else rows[labels == labels.iloc[0]]
        said += [*_rates(str(start), whole), *_odds(whole, level)]
    return [*said, "A label is no longer named where the picture has lost it, or where the describer misses it."]


def _rates(start: str, rows: pd.DataFrame) -> Iterator[str]:
    rates = rows[(rows["kind"] == "rate") & (rows["n"] > 0)]
    if rates.empty:
        yield f"No picture of chains that start from {start}s has a description and a valid answer about the person."
        return
    attribute = rates.groupby(rates["attribute"].astype(str), sort=False)["n"].sum().idxmax()
    rates = rates[rates["attribute"].astype(str) == attribute]
    times = dict.fromkeys((int(rates["iteration"].min()), int(rates["iteration"].max())))
    named = " and in ".join(_rate(rates[rates["iteration"] == k], k) for k in times)
    yield (
        f"In chains that start from {start}s, the describer names the right label, and no other, in {named}; counted "
        f"are pictures with a description and a valid answer about {_plain(attribute)}."
    )


def _rate(rates: pd.DataFrame, iteration: int) -> str:
    count = int(rates["n"].sum())
    share = float((rates["value"] * rates["n"]).sum() / count)
    of = f"{counted(count, 'picture')} of iteration {iteration}" if iteration else counted(count, "original")
    return f"{percent(share)} of {of}"


def _odds(rows: pd.DataFrame, level: float) -> Iterator[str]:
    odds = rows[rows["kind"] == "odds ratio"]
    tested = odds[odds["p_adjusted"].notna()].sort_values("p_adjusted", kind="stable")
    shown = tested[tested["p_adjusted"] < level]
    for row in shown.head(_NAMED).itertuples(index=False):
        more = "more" if row.value > 1 else "less"
        yield (
            f"With the label held alike, it does so {more} often of {_pictures(row.iteration)} shown as "
            f"{shown_as(str(row.attribute), str(row.category))} than of those shown as the commonest category: odds "
            f"ratio {row.value:.2g} ({ratio_interval(row.ci_low, row.ci_high)})."
        )
    if len(shown) > _NAMED:
        yield f"{counted(len(shown) - _NAMED, 'more such difference')} can be seen in the table of success."
    if quiet := sorted(set(tested["attribute"].astype(str)) - set(shown["attribute"].astype(str))):
        yield f"With the label held alike, no difference by {_listed(quiet)} is shown."
    if untested := sorted(set(odds["attribute"].astype(str)) - set(tested["attribute"].astype(str))):
        yield f"Whether there is a difference by {_listed(untested)} cannot be told: the table of success says why."


def _pictures(iteration: int) -> str:
    return f"pictures of iteration {int(iteration)}" if iteration else "originals"


def _listed(attributes: list[str]) -> str:
    return listed([_plain(name) for name in attributes], len(attributes))


def _plain(attribute: str) -> str:
    return attribute.replace("_", " ")
