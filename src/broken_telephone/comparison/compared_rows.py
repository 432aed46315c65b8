"""Leaves out contrasts that the studies cannot have."""

from collections.abc import Collection

import pandas as pd

from broken_telephone.statistics.estimates.panel import ALL
from broken_telephone.statistics.outcomes import SUCCESS


def compared_rows(contrasts: pd.DataFrame, images: Collection[int]) -> pd.DataFrame:
    """Return the contrasts of images that all studies keep, without success by original for chains from prompts.

    Chains from prompts have no original, so their success cannot be divided by the original's category.

    Args:
        contrasts: the table of `contrasts_table`.
        images: the iterations that are compared.
    """
    is_by_original = (contrasts["family"].astype(str) == SUCCESS) & (contrasts["attribute"].astype(str) != ALL)
    is_impossible = is_by_original & (contrasts["start"].astype(str) == "prompt")
    return contrasts[contrasts["iteration"].isin(images) & ~is_impossible].reset_index(drop=True)
