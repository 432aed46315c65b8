"""Draws a sample of pictures in which ratings stand where the annotator errs, so that intervals become narrow."""

import numpy as np
import pandas as pd

from broken_telephone.rating.allocation import LEAST, error_deviations, neyman_allocation
from broken_telephone.rating.doubt import doubt_levels, doubts

_PRIOR_RATINGS = 4
"""Number of ratings that the expected errors of a level of doubt count for."""
_LEAST_ERRORS = 0.05
"""Smallest expected number of wrong answers per picture before anybody rated."""
_MEAN = ["label", "start", "iteration"]


def with_doubt(strata: pd.DataFrame, annotations: pd.DataFrame) -> pd.DataFrame:
    """Replace the answer that defines the strata by the level of doubt, and add the column doubt.

    The strata depend on annotations only. Ratings change the number of pictures in the sample, but no stratum.

    Args:
        strata: as `sample.rating_strata` returns it.
        annotations: the `annotations` table.
    """
    table = strata.merge(doubts(annotations), on=["chain_id", "iteration"], how="left")
    table["doubt"] = table["doubt"].fillna(0.0)
    return table.assign(answer=[f"doubt {level}" for level in doubt_levels(table["doubt"].to_numpy())])


def wrong_answers(annotations: pd.DataFrame, ratings: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Count the wrong answers of the first annotator in each rated picture, as a mean over the raters.

    Args:
        annotations: the `annotations` table.
        ratings: the `ratings` table; valid answers count.
        items: columns item, chain_id, iteration.

    Returns:
        Columns chain_id, iteration, wrong.
    """
    given = ratings[(ratings["mode"] == "rating") & (ratings["status"] == "valid")] if len(ratings) else ratings
    if given.empty or annotations.empty:
        return pd.DataFrame({"chain_id": [], "iteration": [], "wrong": []})
    first = annotations.iloc[0]
    own = annotations[(annotations["annotator"] == first["annotator"]) & (annotations["reading"] == first["reading"])]
    key = ["chain_id", "iteration", "attribute"]
    answers = own[[*key, "category"]].rename(columns={"category": "answer"})
    rated = given[["item", "attribute", "category"]].merge(items, on="item")
    both = rated.astype({"attribute": object}).merge(answers.astype({"attribute": object}), on=key)
    both["wrong"] = (both["category"].astype(object) != both["answer"].astype(object)).astype(float)
    by_question = both.groupby(key, observed=True)["wrong"].mean()
    return by_question.groupby(["chain_id", "iteration"]).sum().reset_index()


def neyman_choice(table: pd.DataFrame, per_cell: int, wrong: pd.DataFrame) -> pd.DataFrame:
    """Choose pictures so that the corrected drift of each label has the narrowest interval.

    A label has as many ratings as a sample of `per_cell` pictures per label, split and iteration. The ratings of the
    first and the last pictures, whose difference is the headline, are allocated together. Those of the other pictures
    are allocated within their iteration. Within a stratum, the rank decides.

    Args:
        table: strata of `with_doubt` with the column rank.
        per_cell: number of pictures per label, split and iteration.
        wrong: as `wrong_answers` returns it.

    Returns:
        The chosen rows of the table.
    """
    table = table.assign(start=np.where(table["image_id"].notna(), "image", "prompt"), is_drawn=table["iteration"] > 0)
    table = table.merge(wrong, on=["chain_id", "iteration"], how="left").sort_values("rank", kind="stable")
    cell = ["label", "start", "split", "iteration"]
    stratum = [*cell, "answer"]
    # The errors of a level of doubt are those of all labels, because a label has few ratings.
    level = table.groupby(["is_drawn", "answer"], observed=True)
    rates = level.agg(expected=("doubt", "mean"), errors=("wrong", "sum"), ratings=("wrong", "count"))
    expected = rates["expected"].clip(lower=_LEAST_ERRORS).to_numpy()
    errors, ratings = (rates[name].to_numpy(dtype=float) for name in ("errors", "ratings"))
    rates["deviation"] = error_deviations(expected, errors, ratings, _PRIOR_RATINGS)
    groups = table.groupby(stratum, observed=True, sort=True)
    cells = groups.agg(size=("rank", "size"), rated=("wrong", "count"), is_drawn=("is_drawn", "first")).reset_index()
    cells = cells.join(rates["deviation"], on=["is_drawn", "answer"])
    cells["scale"] = cells.groupby(_MEAN, observed=True)["size"].transform("sum")
    cells["budget"] = cells.groupby(cell, observed=True)["size"].transform("sum").clip(upper=per_cell)
    first, last = (cells.groupby("start")["iteration"].transform(name) for name in ("min", "max"))
    cells["ends"] = np.where((cells["iteration"] == first) | (cells["iteration"] == last), -1, cells["iteration"])
    cells["chosen"] = 0
    for _, own in cells.groupby(["label", "start", "ends"], observed=True):
        total = int(own.drop_duplicates(cell)["budget"].sum())
        least = np.maximum(own["rated"].to_numpy(), LEAST)
        sizes, deviations, scales = (own[name].to_numpy() for name in ("size", "deviation", "scale"))
        cells.loc[own.index, "chosen"] = neyman_allocation(sizes, deviations, total, least, scales)
    table = table.merge(cells[[*stratum, "chosen"]], on=stratum)
    # Pictures that are rated already stay in the sample.
    table = table.sort_values(["wrong", "rank"], key=lambda column: column.isna() if column.name == "wrong" else column)
    return table[table.groupby(stratum, observed=True).cumcount() < table["chosen"]]
