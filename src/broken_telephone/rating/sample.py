"""Draws the stratified sample of originals and drawn pictures that people rate, and names its pictures."""

from collections.abc import Iterable
from itertools import product

import pandas as pd

from broken_telephone.annotation import headline
from broken_telephone.chains import chains_of
from broken_telephone.pictures import Picture, StudyPictures
from broken_telephone.rating.neyman import neyman_choice, with_doubt
from broken_telephone.seeds import digest, seed_of

ITEMS = ("item", "chain_id", "iteration", "label", "split")
EQUAL, NEYMAN = "equal", "neyman"
_NOTHING_RATED = pd.DataFrame({"chain_id": [], "iteration": [], "wrong": []})


def rating_sample(
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    per_cell: int,
    seed: int,
    pictures: StudyPictures,
    sampler: str = EQUAL,
    wrong: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Sample pictures by label, split and iteration, balanced over the annotator's answers.

    Within each cell, the sampler "equal" takes the annotator's different answers in turn, so that the sample includes
    rare answers. The sampler "neyman" takes more pictures where the annotator probably errs (`neyman.neyman_choice`). A
    hash of seed and picture gives the order. A larger sample contains the smaller one.

    Args:
        annotations: the `annotations` table.
        chains: the `chains` table.
        people: the `people` table with the splits.
        per_cell: number of pictures per label, split and iteration.
        seed: seed of the sample.
        pictures: pictures of the study. A picture that is drawn again gets another name.
        sampler: EQUAL or NEYMAN.
        wrong: for NEYMAN, the errors in the pictures that are rated already, as `neyman.wrong_answers` returns them.

    Returns:
        Columns ITEMS. `item` is a name that does not reveal the chain. Smaller cells return all their pictures.
    """
    table = sampling_strata(annotations, chains, people, sampler)
    keys = zip(table["chain_id"], table["iteration"], strict=True)
    table["rank"] = [seed_of(seed, chain, iteration) for chain, iteration in keys]
    if sampler == NEYMAN:
        chosen = neyman_choice(table, per_cell, _NOTHING_RATED if wrong is None else wrong)
    else:
        cell = ["label", "split", "iteration"]
        table = table.sort_values("rank")
        table["rank_in_answer"] = table.groupby([*cell, "answer"], observed=True).cumcount()
        chosen = table.sort_values(["rank_in_answer", "rank"]).groupby(cell, observed=True, sort=False).head(per_cell)
    names = _item_names(chains, pictures, zip(chosen["chain_id"], chosen["iteration"], strict=True))
    chosen = chosen.assign(item=pd.Series(names, chosen.index, dtype=object)).dropna(subset="item")
    return chosen.sort_values("item")[list(ITEMS)].reset_index(drop=True).astype({"label": str, "iteration": int})


def sampling_strata(
    annotations: pd.DataFrame, chains: pd.DataFrame, people: pd.DataFrame, sampler: str
) -> pd.DataFrame:
    """Return all pictures that may be rated, with the strata of a sampler.

    Returns:
        As `rating_strata`; for NEYMAN, `answer` holds the level of doubt (`neyman.with_doubt`).
    """
    strata = rating_strata(annotations, chains, people)
    return with_doubt(strata, headline(annotations)) if sampler == NEYMAN else strata


def rating_strata(annotations: pd.DataFrame, chains: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return all pictures that may be rated, with their strata: the answers of the first annotator.

    `report.annotator` does not change the strata, because the sample must be weighted as it was drawn.

    Returns:
        Columns chain_id, iteration, answer (the annotator's), label, image_id, split. An original that replicates
        share occurs once.
    """
    own = headline(annotations)
    answered = own[own["reading"] == own["reading"].iloc[0]] if len(own) else own
    labelled = answered.assign(answer=answered["category"].astype(object).fillna(answered["status"].astype(object)))
    answers = labelled.groupby(["chain_id", "iteration"], sort=False)["answer"].agg(" | ".join).reset_index()
    split = people.drop_duplicates("image_id").set_index("image_id")["split"].astype(str)
    table = answers.merge(chains[["chain_id", "label", "image_id", "replicate"]], on="chain_id")
    # Replicates share their original, so only the first keeps it.
    table = table[
        (table["iteration"] > 0) | (table["replicate"] == table.groupby("image_id")["replicate"].transform("min"))
    ]
    # As objects, because the column of a study without people has a type without texts.
    known = table["image_id"].map(split.to_dict()).astype(object)
    table["split"] = known.where(known.notna(), "none").where(table["image_id"].notna(), "prompt")
    return table.drop(columns="replicate")


def all_items(chains: pd.DataFrame, iterations: int, pictures: StudyPictures) -> pd.DataFrame:
    """Return the names of all pictures of a study in columns item, chain_id, iteration."""
    keys = list(product(chains["chain_id"].astype(str), range(iterations + 1)))
    table = pd.DataFrame(keys, columns=["chain_id", "iteration"])
    names = pd.Series(_item_names(chains, pictures, keys), dtype=object)
    existing = table.assign(item=names)[["item", "chain_id", "iteration"]].dropna(subset="item")
    return existing.reset_index(drop=True)


def known_items(items: pd.DataFrame, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """Add to the present names of pictures all earlier names.

    Args:
        items: the present names, as `all_items` returns them.
        earlier: the earlier result of this function, if any.

    Returns:
        Columns item, chain_id, iteration, current (false if the study no longer has that picture).
    """
    now = items.assign(current=True)
    if earlier is None:
        return now
    gone = earlier[~earlier["item"].isin(now["item"])]
    return pd.concat([now, gone.assign(current=False)], ignore_index=True)


def _item_names(chains: pd.DataFrame, pictures: StudyPictures, keys: Iterable[tuple[str, int]]) -> list[str | None]:
    """Return names of pictures that do not reveal their chains; None for a missing picture.

    The name depends only on the picture and its position in the chain. It is the same in every sample, so that no
    rating is lost, and no rating counts for another picture.
    """
    by_id = {chain.chain_id: chain for chain in chains_of(chains)}
    named_pictures = ((str(name), int(k), pictures.of(by_id[str(name)], int(k))) for name, k in keys)
    return [None if picture is None else item_name(name, k, picture) for name, k, picture in named_pictures]


def item_name(chain_id: str, iteration: int, picture: Picture) -> str:
    """Return the name of a picture on the rating page."""
    return digest("rating", chain_id, iteration, picture.digest, size=6)
