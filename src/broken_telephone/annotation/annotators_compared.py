"""Puts the labels of all annotators side by side: the data set, human raters, and the annotator's readings."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from broken_telephone.annotation.annotator_choice import is_comparable, split_reading
from broken_telephone.labels import Form, Scheme
from broken_telephone.statistics.estimates.panel import clusters_of
from broken_telephone.statistics.tables.agreement_table import RATER, TOGETHER, Comparison, all_raters, every_two
from broken_telephone.statistics.tables.shares_table import DATASET

_COLUMNS = ["item", "iteration", "annotator", "attribute", "category"]


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
        ratings: the `ratings` table; valid answers count, and `TOGETHER` beside them.
        attributes: attribute -> the form's categories.
        stated: the same of the data set, for attributes that mean the same there; whatever else stands in it, such as
            unsure, is no label.

    Returns:
        Columns item (an original's image_id, else chain_id and iteration), iteration, annotator, attribute, category
        and cluster, which pictures share whose chains begin alike; first the data set, then raters together, single
        raters, and the annotator's readings.
    """
    valid = annotations[annotations["status"] == "valid"]
    originals = chains.set_index("chain_id")["image_id"].astype(object)
    given = pd.DataFrame(
        {
            "item": names_of(valid, originals),
            "iteration": valid["iteration"],
            "annotator": valid["annotator"].astype(str) + " (" + valid["reading"].astype(str) + ")",
            "attribute": valid["attribute"].astype(str),
            "category": valid["category"].astype(str),
        }
    )
    main = people[people["is_main"] & people["image_id"].isin(chains["image_id"].dropna())]
    columns = [name for name in stated if name in people]
    published = main.melt("image_id", columns, "attribute", "category").rename(columns={"image_id": "item"}).dropna()
    published = published.assign(iteration=0, annotator=DATASET, category=published["category"].astype(str))
    rated = _rated(ratings, items.assign(name=names_of(items, originals)).set_index("item"))
    labels = pd.concat([published[_COLUMNS], rated, given[_COLUMNS]], ignore_index=True)
    labels = labels.drop_duplicates(["item", "annotator", "attribute"])
    known = [(name, value) for name, values in attributes.items() for value in values]
    labels = labels[pd.MultiIndex.from_frame(labels[["attribute", "category"]]).isin(known)]
    start = chains.assign(cluster=clusters_of(chains))
    of_chain, of_original = start.set_index("chain_id")["cluster"], start.dropna(subset="image_id")
    of_original = of_original.drop_duplicates("image_id").set_index("image_id")["cluster"]
    drawn = labels["item"].str.rpartition("/")[0].map(of_chain)
    return labels.assign(cluster=drawn.where(labels["iteration"] > 0, labels["item"].map(of_original)).astype("int64"))


def _rated(ratings: pd.DataFrame, names: pd.DataFrame) -> pd.DataFrame:
    """Put what raters say together above what each says."""
    known = ratings[ratings["item"].isin(names.index) & ratings["attribute"].notna() & (ratings["status"] != "skipped")]
    rated = known[known["mode"] == "rating"]
    # Whatever raters call themselves, they are nobody else.
    single = rated.assign(annotator=RATER + rated["rater"]).sort_values("annotator", kind="stable")
    table = pd.concat([_together(rated, known[known["mode"] == "adjudication"]), single])
    table = table[table["status"] == "valid"]
    name, iteration = (table["item"].map(names[column]) for column in ("name", "iteration"))
    return table.assign(item=name, iteration=iteration)[_COLUMNS]


def _together(rated: pd.DataFrame, settled: pd.DataFrame) -> pd.DataFrame:
    """Return one answer per question: that on which at least two raters agree, else the last adjudication.

    That a rater cannot tell is an answer, too: who names a category does not agree with it.
    """
    question = ["item", "attribute"]
    answers = rated.assign(category=rated["category"].fillna(rated["status"])).groupby(question)["category"]
    agreed = rated[(answers.transform("size") > 1) & (answers.transform("nunique") == 1)].drop_duplicates(question)
    last = settled.sort_values("at", kind="stable").drop_duplicates(question, keep="last")
    return pd.concat([agreed, last]).drop_duplicates(question).assign(annotator=TOGETHER)


def comparisons_of(labels: pd.DataFrame) -> list[Comparison]:
    """Return the comparisons: every two annotators, and all raters at once.

    The first of two annotators in `labels_of` is the reference. The raters' joint label is not compared with single
    raters, because it is made of their labels. Different models are compared by the same reading only.
    """
    names = [str(name) for name in labels["annotator"].unique()]
    raters = [name for name in names if name.startswith(RATER)]
    pairs = [pair for pair in every_two(names) if pair.annotator_a != TOGETHER or pair.annotator_b not in raters]
    pairs = [pair for pair in pairs if is_comparable(pair.annotator_a, pair.annotator_b, names)]
    return pairs + all_raters(raters)


def between_models(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """Return the comparisons of two different models."""
    parts = ((pair, split_reading(pair.annotator_a), split_reading(pair.annotator_b)) for pair in comparisons)
    return [pair for pair, a, b in parts if a is not None and b is not None and a[0] != b[0]]


def names_of(table: pd.DataFrame, originals: pd.Series) -> pd.Series:
    """Name pictures by chain and iteration; originals, which replicates share, by their image."""
    drawn = table["chain_id"].astype(str) + "/" + table["iteration"].astype(str)
    return drawn.where(table["iteration"] > 0, table["chain_id"].map(originals))


def comparable(form: Form, scheme: Scheme) -> dict[str, tuple[str, ...]]:
    """Return attribute -> categories, of the attributes for which form and data set mean the same categories."""
    shared = {}
    for question in form.questions:
        known = scheme.attributes.get(question.variable)
        if known is not None and set(known.values) <= set(question.options.values()):
            shared[question.variable] = known.values
    return shared
