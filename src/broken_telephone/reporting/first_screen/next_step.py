"""Recommends one next step, by what the study lacks most."""

import pandas as pd

from broken_telephone.reporting.first_screen.boxes import Box
from broken_telephone.reporting.text.verdicts import ANNOTATOR, FALL, NOT_ENOUGH_DATA, RISE
from broken_telephone.statistics.tables.corrected_shares import RATINGS

_QUESTION = "Next"
_BELIEVE, _HEADING, _METHODS = "believe", "heading", "methods"
"""Sections of the report."""
_MOST = 0.5
"""If a larger part of the shares lacks data, and nothing changed, the study needs more starts before all else."""


def next_box(changes: pd.DataFrame, is_single: bool) -> Box:
    """Recommend a step: more starts, then ratings of drawn images, then more iterations, then a section to read.

    Args:
        changes: the shares of the `findings` table.
        is_single: whether nothing could be tested because each label has a single start.
    """
    if changes.empty:
        if is_single:
            return Box(_QUESTION, "Use at least two starts for each label.", ["Then changes can be tested."], _METHODS)
        return Box(_QUESTION, "Read what was run.", [], _METHODS)
    is_significant = changes["verdict"].isin([RISE, FALL]).any()
    if not is_significant and (changes["verdict"] == NOT_ENOUGH_DATA).mean() > _MOST:
        return Box(_QUESTION, "Use more starts:", ["It computes how many."], _METHODS, "kedro plan")
    if RATINGS not in set(changes["method"].astype(str)):
        # Without any correction, checked images are images with ratings, but too few to correct with.
        is_uncorrected = (changes["method"].astype(str) == ANNOTATOR).all()
        more = " more" if is_uncorrected and (changes["n_checked"].fillna(0) > 0).any() else ""
        why = "Ratings of drawn images measure the annotator's error."
        return Box(_QUESTION, f"Let people label{more} images:", [why], _BELIEVE, "kedro rate")
    if (changes["iteration"] - changes["since"]).max() < 2:
        return Box(_QUESTION, "Run more iterations.", ["One step cannot show whether the drift settles."], _HEADING)
    if is_significant:
        return Box(_QUESTION, "Read where the drift is heading.", [], _HEADING)
    return Box(_QUESTION, "Read which changes may have been missed.", [], _BELIEVE)
