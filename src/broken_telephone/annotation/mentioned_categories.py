"""Finds the categories of a data set's scheme that mentioned terms name."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.labels import SCHEMES, Variable, find_label_words


def mentioned_categories(mentions: pd.DataFrame, attributes: Mapping[str, Variable]) -> dict[tuple[str, str, str], str]:
    """Return the category that each mentioned term names, by its own word or by its group's.

    Args:
        mentions: the `mentions` table.
        attributes: those of the data set's scheme.

    Returns:
        (attribute, mentioned category, term) -> category; terms that name none are left out.
    """
    known = {**SCHEMES["free"].attributes, **attributes}
    named = {}
    keys = ["attribute", "category", "term"]
    for attribute, category, term in mentions[keys].drop_duplicates().astype(str).to_numpy():
        if attribute in known:
            matches = [*find_label_words(term, known[attribute]), *find_label_words(category, known[attribute])]
            if matches:
                named[attribute, category, term] = matches[0].category
    return named
