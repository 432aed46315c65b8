"""Writes sentences about how often the describer still names the label."""

from collections.abc import Iterator

import pandas as pd

from broken_telephone.reporting.text.wording import counted, percent, spoken
from broken_telephone.statistics import ALL


def success_sentences(success: pd.DataFrame) -> list[str]:
    """Describe how often the label is named in the first and last images.

    Args:
        success: the `success` table.
    """
    if success.empty:
        return []
    sentences: list[str] = []
    for start, rows in success.groupby(success["start"].astype(str), sort=False):
        labels = rows["label"].astype(str)
        overall = rows[labels == (ALL if (labels == ALL).any() else labels.iloc[0])]
        sentences += _rates(str(start), overall)
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
