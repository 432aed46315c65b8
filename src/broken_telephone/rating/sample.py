"""Which pictures people rate, a stratified sample of originals and of what the loop drew, and what they are called."""

from collections.abc import Iterable
from itertools import product

import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.pictures import Picture, StudyPictures
from broken_telephone.seeds import digest, seed_of

ITEMS = ("item", "chain_id", "iteration", "label", "split")


def rating_sample(
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    per_cell: int,
    seed: int,
    pictures: StudyPictures,
) -> pd.DataFrame:
    """Sample pictures by label, split and iteration, evenly over what the annotator answered about them.

    Within each cell, pictures take turns by the annotator's answers, so that rare ones are among them; who comes
    first is decided by a hash of the seed and the picture. A larger sample contains the smaller one.

    Args:
        annotations: the `annotations` table.
        chains: the `chains` table.
        people: the `people` table, for the splits.
        per_cell: pictures of every label, split and iteration.
        seed: of the sample.
        pictures: of the study: one that is drawn again has another name.

    Returns:
        Columns ITEMS: `item` names the picture without saying whose it is. Cells that have fewer give what they have.
    """
    table = rating_strata(annotations, chains, people)
    keys = zip(table["chain_id"], table["iteration"], strict=True)
    table["rank"] = [seed_of(seed, chain, iteration) for chain, iteration in keys]
    cell = ["label", "split", "iteration"]
    table = table.sort_values("rank")
    table["turn"] = table.groupby([*cell, "said"], observed=True).cumcount()
    chosen = table.sort_values(["turn", "rank"]).groupby(cell, observed=True, sort=False).head(per_cell)
    names = _item_names(chains, pictures, zip(chosen["chain_id"], chosen["iteration"], strict=True))
    chosen = chosen.assign(item=pd.Series(names, chosen.index, dtype=object)).dropna(subset="item")
    return chosen.sort_values("item")[list(ITEMS)].reset_index(drop=True).astype({"label": str, "iteration": int})


def rating_strata(annotations: pd.DataFrame, chains: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return all pictures that may be rated, and what they are sampled over.

    Args:
        annotations, chains, people: as for `rating_sample`.

    Returns:
        Columns chain_id, iteration, said (what the annotator answered), label, image_id, split; an original that
        replicates share is there once.
    """
    answered = (
        annotations[annotations["reading"] == annotations["reading"].iloc[0]] if len(annotations) else annotations
    )
    wide = answered.assign(said=answered["category"].astype(object).fillna(answered["status"].astype(object)))
    said = wide.groupby(["chain_id", "iteration"], sort=False)["said"].agg(" | ".join).reset_index()
    split = people.drop_duplicates("image_id").set_index("image_id")["split"].astype(str)
    table = said.merge(chains[["chain_id", "label", "image_id", "replicate"]], on="chain_id")
    # Replicates share their original.
    table = table[
        (table["iteration"] > 0) | (table["replicate"] == table.groupby("image_id")["replicate"].transform("min"))
    ]
    # As objects: of a study without people, the column has no type that texts fit into.
    known = table["image_id"].map(split.to_dict()).astype(object)
    table["split"] = known.where(known.notna(), "none").where(table["image_id"].notna(), "prompt")
    return table.drop(columns="replicate")


def all_items(chains: pd.DataFrame, iterations: int, pictures: StudyPictures) -> pd.DataFrame:
    """Return the names of all pictures of a study: columns item, chain_id, iteration."""
    places = list(product(chains["chain_id"].astype(str), range(iterations + 1)))
    table = pd.DataFrame(places, columns=["chain_id", "iteration"])
    names = pd.Series(_item_names(chains, pictures, places), dtype=object)
    there = table.assign(item=names)[["item", "chain_id", "iteration"]].dropna(subset="item")
    return there.reset_index(drop=True)


def known_items(items: pd.DataFrame, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """Return which picture every name stands for that ever was.

    Args:
        items: the names of now, as `all_items` returns them.
        earlier: what this returned before, if it did.

    Returns:
        Columns item, chain_id, iteration, current: false where the study has that picture no more.
    """
    now = items.assign(current=True)
    if earlier is None:
        return now
    gone = earlier[~earlier["item"].isin(now["item"])]
    return pd.concat([now, gone.assign(current=False)], ignore_index=True)


def _item_names(chains: pd.DataFrame, pictures: StudyPictures, places: Iterable[tuple[str, int]]) -> list[str | None]:
    """Name pictures without saying whose they are; None where there is none.

    The name depends on the picture itself: it is the same in every sample, so that no rating is ever lost, and a
    rating never counts for another picture.
    """
    by_id = {chain.chain_id: chain for chain in chains_of(chains)}
    found = ((str(name), int(k), pictures.of(by_id[str(name)], int(k))) for name, k in places)
    return [None if one is None else item_name(name, k, one) for name, k, one in found]


def item_name(chain_id: str, iteration: int, picture: Picture) -> str:
    """Return what a picture is called on the rating page."""
    return digest("rating", chain_id, iteration, picture.digest, size=6)
