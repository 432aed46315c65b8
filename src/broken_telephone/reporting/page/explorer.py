"""Collects what the page's explorer of shares needs beside the tables: the colour of every category."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.reporting.figures.style import OwnColours, categories_of, category_colours


def explorer_colours(shares: pd.DataFrame, own: Mapping[str, OwnColours] | None = None) -> dict[str, dict[str, str]]:
    """Return attribute -> category -> colour, in the order of the categories and as in the figures.

    Args:
        shares: the `shares` table.
        own: attribute of the study's own -> its colours.
    """
    if shares.empty:
        return {}
    attributes = dict.fromkeys(shares["attribute"].dropna().astype(str))
    return {name: category_colours(name, categories_of(name, shares), (own or {}).get(name)) for name in attributes}
