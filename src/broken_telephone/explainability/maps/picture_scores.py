"""Puts the support of a picture's words into one row for each label and region. Tables in, tables out."""

import pandas as pd

from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.explainability.maps.props_apart import kind_of_all, with_props_apart

DROPS = ("log_probability_drop", "log_probability_drop_elsewhere")
"""Measures that depend on the fill of the hidden region."""


def column_of(measure: str, fill: str) -> str:
    """Return the column of `by_picture` that holds one of DROPS for a fill; that of the first fill has no suffix."""
    return measure if fill == FILLS[0] else f"{measure}, {fill}"


BY_COLUMN = {column_of(measure, fill): (measure, fill) for fill in FILLS for measure in DROPS}
"""Column of drops -> measure and fill."""
_MAPS = ("density", "share", "area", "density_elsewhere")
MEASURES = (*_MAPS, *BY_COLUMN)
"""Columns of every region that are averaged."""
_OF_A_PICTURE = ["kind", "term", "start", "start_id", "chain_id", "iteration", "gender", "answer", "region"]
OTHER_SIZES = "other sizes"
"""Kind of the pictures of sizes that too few have."""
OF_A_WORD = ["chain_id", "iteration", "face", "word", "char_offset", "term"]
"""What tells a word from all others."""
NO_ANSWER = "no answer"
"""Answer of words that match a pattern and name no label, so that they are neither right nor wrong."""
LEAST = 6
"""Starts below which there is neither interval nor test."""


def by_picture(
    words: pd.DataFrame, activations: pd.DataFrame, occlusions: pd.DataFrame, chains: pd.DataFrame, method: str
) -> pd.DataFrame:
    """Put everything about a picture's words into one row a label and region: of several words or faces the mean.

    Args:
        words: the table of words.
        activations: of regions; those of `method` count.
        occlusions: of regions and fills.
        chains: the `chains` table, which says which chains have one start.
        method: whose maps count.

    Returns:
        Columns kind (pictures of one size in so many views, which alone are compared; those with a mask of props are
        there twice, see `with_props_apart`), term (the label that the words name, or the pattern that they match),
        start (image or prompt), start_id, chain_id, iteration, gender, answer
        (right, wrong or NO_ANSWER), region, and `MEASURES`: drops of each fill have a column (`column_of`).
    """
    own = activations[activations["method"].astype(str) == method]
    rows = own.merge(_by_fill(occlusions), on=[*OF_A_WORD, "region"]).merge(words.drop(columns="label"), on=OF_A_WORD)
    start_ids = chains["image_id"].astype(object).where(chains["start"] == "image", chains["prompt"].astype(object))
    for column, values in (("start_id", start_ids), ("start", chains["start"])):
        by_chain = dict(zip(chains["chain_id"].astype(str), values.astype(str), strict=True))
        rows[column] = rows["chain_id"].map(by_chain)
    rows["kind"] = [
        f"{w} x {h}, {v} {'view' if v == 1 else 'views'}"
        for w, h, v in zip(rows["width"], rows["height"], rows["views"], strict=True)
    ]
    rows = with_props_apart(rows.astype({"region": str}), ["chain_id", "iteration"])
    rows["answer"] = rows["correct"].astype(object).map({True: "right", False: "wrong"}).fillna(NO_ANSWER)
    rows["gender"] = rows["gender"].astype(object).where(rows["gender"].notna(), "unknown")
    numbers = rows[list(MEASURES)].astype(float)
    rows = pd.concat([rows[_OF_A_PICTURE].astype(object), numbers], axis=1)
    return rows.groupby(_OF_A_PICTURE, sort=False, observed=True).mean().reset_index()


def _by_fill(occlusions: pd.DataFrame) -> pd.DataFrame:
    """Put the drops of all fills of a region into one row."""
    keys = [*OF_A_WORD, "region"]
    rows = occlusions.astype(dict.fromkeys(("fill", "region"), str))
    wide = rows[rows["fill"] == FILLS[0]][[*keys, "density_elsewhere"]]
    for column, (measure, fill) in BY_COLUMN.items():
        own = rows[rows["fill"] == fill][[*keys, measure]].rename(columns={measure: column})
        wide = wide.merge(own, on=keys, how="left")
    return wide


def comparable_kinds(pictures: pd.DataFrame) -> pd.DataFrame:
    """Return the pictures of kinds that have as many starts as an interval needs; a kind that is the only one stays."""
    starts = pictures.groupby("kind")["start_id"].transform("nunique")
    return pictures if pictures["kind"].map(kind_of_all).nunique() < 2 else pictures[starts >= LEAST]


def left_out(pictures: pd.DataFrame, kept: pd.DataFrame) -> str:
    """Say how many pictures `comparable_kinds` leaves out; nothing if it leaves none."""
    rest = pictures[~pictures["kind"].map(kind_of_all).isin(kept["kind"].map(kind_of_all))]
    if rest.empty:
        return ""
    count = len(rest[["chain_id", "iteration"]].drop_duplicates())
    sizes, views = ({kind.split(", ")[k] for kind in rest["kind"]} for k in (0, 1))
    numbers = sorted(int(name.split()[0]) for name in views)
    seen = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    return (
        f"{count} {'picture' if count == 1 else 'pictures'} of {len(sizes)} {'size' if len(sizes) == 1 else 'sizes'} "
        f"in {seen} {'view' if numbers == [1] else 'views'} {'is' if count == 1 else 'are'} left out, since too few "
        f"have the same: bring all to one by explain.size."
    )
