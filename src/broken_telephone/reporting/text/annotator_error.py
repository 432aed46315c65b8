"""What the annotator can be trusted with, and whether two ways to correct its errors differ, in sentences."""

from statistics import median

import numpy as np
import pandas as pd

from broken_telephone.reporting.text.agreement import is_people
from broken_telephone.reporting.text.verdicts import CELL
from broken_telephone.reporting.text.wording import counted, listed, percent, points, share_interval, the_share
from broken_telephone.statistics.tables.agreement_table import RATER, TOGETHER
from broken_telephone.statistics.tables.corrected_shares import significant_difference
from broken_telephone.statistics.tables.shares_table import DATASET

_NAMED = 2
_WAYS = {
    "confusion": "by the annotator's confusions on the originals",
    "human ratings": "by what people say of a sample",
}


def trust_sentences(agreement_sentences: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
    """Tell how far the annotator agrees with people: the data set's labels, and whoever rated pictures.

    Args:
        agreement_sentences: as `agreement_words.agreement_sentences` returns it.
        shares: the `shares` table, for the annotator that was measured.
    """
    people = pd.Series(False, index=agreement_sentences.index)
    if len(agreement_sentences):
        one, other = (agreement_sentences[name].astype(str) for name in ("one", "other"))
        people = one.map(is_people) != other.map(is_people)
        if (people & (one == TOGETHER)).any():
            # They are made of single raters, who would only be told again.
            people &= ~one.str.startswith(RATER)
        mine = set(shares["annotator"].astype(str)) - {DATASET} if len(shares) else set()
        if (people & (one.isin(mine) | other.isin(mine))).any():
            people &= one.isin(mine) | other.isin(mine)
        people &= agreement_sentences["categories"] == "all"
    if not people.any():
        return [
            "No person's labels are there to compare the annotator's with, neither the data set's nor a rater's, so "
            "what the annotator can be trusted with cannot be told."
        ]
    told = [str(sentence) for sentence in agreement_sentences.loc[people, "sentence"]]
    if (one[people] == DATASET).all():
        told.append("That is of the originals: nobody has rated the drawn pictures.")
    return told


def correction_sentences(corrected: pd.DataFrame) -> list[str]:
    """Tell whether the two corrections of the annotator's errors differ.

    Args:
        corrected: the `corrected_shares` table.
    """
    if corrected.empty or not corrected["value"].notna().any():
        return ["No share has been corrected for the annotator's errors: nobody labelled enough of the pictures."]
    there = corrected[corrected["value"].notna()]
    methods = list(there["method"].astype(str).unique())
    if len(methods) < 2:
        return [
            f"Shares were corrected for the annotator's errors in one way only, "
            f"{_WAYS.get(methods[0], methods[0])}: nothing checks it."
        ]
    keys = [*CELL, "iteration"]
    known = there[there["agrees"].notna()]
    cells = [rows for _, rows in known.groupby([known[name].astype(str) for name in keys], sort=False)]
    if not cells:
        return ["Shares were corrected for the annotator's errors in two ways, but never the same share in both."]
    needed = median(significant_difference(*(rows["ci_high"] - rows["ci_low"])) for rows in cells)
    told = (
        f"The two corrections of the annotator's errors were compared on {counted(len(cells), 'share')}; to differ, "
        f"half of these had to be {points(needed)} apart."
    )
    different = [rows for rows in cells if not rows["agrees"].astype(bool).all()]
    if not different:
        return [f"{told} None can be told apart."]
    different.sort(key=lambda rows: -np.ptp(rows["value"].to_numpy(float)))
    chance = f", about {round(len(cells) / 20)} of them by chance alone" if len(cells) >= 10 else ""
    named = listed([_apart(rows) for rows in different], _NAMED)
    return [f"{told} {counted(len(different), 'share')} differ{'s' if len(different) == 1 else ''}{chance}: {named}."]


def _apart(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    ways = [
        f"{percent(row.value)} {_WAYS.get(row.method, row.method)} ({share_interval(row.ci_low, row.ci_high)})"
        for row in rows.drop_duplicates("method").itertuples(index=False)
    ]
    name = the_share(str(first["attribute"]), str(first["category"]), str(first["label"]))
    where = f"picture {int(first['iteration'])} of chains from {first['start']}s"
    return f"{name} in {where} is {' but '.join(ways)}"
