"""Who gave which category to which picture: the data set, the annotator's readings, and people who rated."""

from collections.abc import Mapping, Sequence

import pandas as pd

from broken_telephone.labels import UNSURE, Form, Scheme

DATASET = "data set"
"""Stands for an annotator: whoever labelled the originals before they were published."""
SETTLED = "raters, settled"
"""Stands for an annotator: whoever settled disagreements of raters."""


def labels_of(
    annotations: pd.DataFrame,
    people: pd.DataFrame,
    chains: pd.DataFrame,
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    attributes: Mapping[str, Sequence[str]],
    stated: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Put the labels of all annotators below each other, each picture once.

    Args:
        annotations: the `annotations` table; valid answers count.
        people: the `people` table; main people count.
        chains: the `chains` table.
        items: what raters call each picture: columns item, chain_id, iteration.
        ratings: the `ratings` table; valid answers count, those that settled disagreements apart.
        attributes: attribute -> the form's categories.
        stated: the same of the data set, for attributes that mean the same there; whatever else stands in it, such as
            unsure, is no label.

    Returns:
        Columns item (an original's image_id, else chain_id and iteration), iteration, annotator, attribute, category.
    """
    valid = annotations[annotations["status"] == "valid"]
    originals = chains.set_index("chain_id")["image_id"].astype(object)
    given = pd.DataFrame(
        {
            "item": _names(valid, originals),
            "iteration": valid["iteration"],
            "annotator": valid["annotator"].astype(str) + " (" + valid["reading"].astype(str) + ")",
            "attribute": valid["attribute"].astype(str),
            "category": valid["category"].astype(str),
        }
    )
    main = people[people["is_main"] & people["image_id"].isin(chains["image_id"].dropna())]
    there = [name for name in stated if name in people]
    published = main.melt("image_id", there, "attribute", "category").rename(columns={"image_id": "item"}).dropna()
    published = published.assign(iteration=0, annotator=DATASET, category=published["category"].astype(str))
    names = items.assign(name=_names(items, originals)).set_index("item")
    rated = ratings[(ratings["status"] == "valid") & ratings["item"].isin(names.index)]
    settled = rated["mode"] == "adjudication"
    rated = pd.DataFrame(
        {
            "item": rated["item"].map(names["name"]),
            "iteration": rated["item"].map(names["iteration"]),
            # Whatever raters call themselves, they are nobody else.
            "annotator": ("rater " + rated["rater"]).where(~settled, SETTLED),
            "attribute": rated["attribute"],
            "category": rated["category"],
        }
    )
    columns = ["item", "iteration", "annotator", "attribute", "category"]
    whole = pd.concat([published[columns], rated[columns], given[columns]], ignore_index=True)
    whole = whole.drop_duplicates(["item", "annotator", "attribute"])
    known = [(name, value) for name, values in attributes.items() for value in values]
    return whole[pd.MultiIndex.from_frame(whole[["attribute", "category"]]).isin(known)]


def _names(table: pd.DataFrame, originals: pd.Series) -> pd.Series:
    """Name pictures by chain and iteration; originals, which replicates share, by their image."""
    drawn = table["chain_id"].astype(str) + "/" + table["iteration"].astype(str)
    return drawn.where(table["iteration"] > 0, table["chain_id"].map(originals))


def asked_for(form: Form) -> dict[str, tuple[str, ...]]:
    """Return attribute -> categories of a form, without unsure."""
    return {q.variable: tuple(c for c in q.options.values() if c != UNSURE) for q in form.questions}


def comparable(form: Form, scheme: Scheme) -> dict[str, tuple[str, ...]]:
    """Return attribute -> categories, of the attributes for which form and data set mean the same categories."""
    found = {}
    for question in form.questions:
        known = scheme.attributes.get(question.variable)
        if known is not None and set(known.values) <= set(question.options.values()):
            found[question.variable] = known.values
    return found
