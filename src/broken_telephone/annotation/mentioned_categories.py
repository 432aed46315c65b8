"""Finds the categories of a data set's scheme that mentioned terms name."""

from collections.abc import Collection, Mapping

import pandas as pd

from broken_telephone.labels import SCHEMES, Variable, find_label_words
from broken_telephone.labels.answer_parsing.own_attributes import NEGATED


def mentioned_categories(
    mentions: pd.DataFrame, attributes: Mapping[str, Variable], own: Collection[str] = ()
) -> dict[tuple[str, str, str], str]:
    """Return the category that each mentioned term names, by its own word or by its group's.

    Args:
        mentions: the `mentions` table.
        attributes: those of the data set's scheme.
        own: names of those that the study added. Their mentions carry the category itself.

    Returns:
        (attribute, mentioned category, term) -> category; terms that name none are left out.
    """
    known = {**SCHEMES["free"].attributes, **attributes}
    named = {}
    keys = ["attribute", "category", "term"]
    for attribute, category, term in mentions[keys].drop_duplicates().astype(str).to_numpy():
        if attribute in own and category in known[attribute].values:
            named[attribute, category, term] = category
        elif attribute in known and category != NEGATED:
            matches = [*find_label_words(term, known[attribute]), *find_label_words(category, known[attribute])]
            if matches:
                named[attribute, category, term] = matches[0].category
    return named
