"""Samples the chains that a slow further annotator labels."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.pictures import Picture, StudyPictures
from broken_telephone.seeds import seed_of
from broken_telephone.statistics import clusters_of

Pictures = dict[int, list[Picture]]
"""Iteration -> its pictures."""


def sampled_chains(chains: pd.DataFrame, starts_per_label: int) -> pd.DataFrame:
    """Return all chains of a random sample of starts, drawn for each label and kind of start.

    A hash of the start gives the order, so that a larger sample contains the smaller one. Whole chains are sampled,
    because the change within a chain is more precise than the difference of two separate samples.

    Args:
        chains: the `chains` table.
        starts_per_label: number of originals, and of prompts, for each label. A label with fewer has all of them.
    """
    is_image = chains["start"].astype(str) == "image"
    begin = chains["image_id"].astype(object).where(is_image, chains["prompt"].astype(object))
    table = pd.DataFrame({"cluster": clusters_of(chains), "label": chains["label"].astype(str), "start": is_image})
    table["rank"] = [seed_of("annotator sample", name) for name in begin]
    starts = table.drop_duplicates(["cluster", "label"]).sort_values("rank")
    chosen = starts.groupby(["label", "start"]).head(starts_per_label)[["cluster", "label"]]
    keys = pd.MultiIndex.from_frame(table[["cluster", "label"]])
    return chains[keys.isin(pd.MultiIndex.from_frame(chosen))]


def sampled_pictures(
    starts_per_label: Mapping[str, int], chains: pd.DataFrame, iterations: int, study: StudyPictures
) -> dict[str, Pictures]:
    """Return annotator -> pictures of its sample, for annotators that label a sample.

    Args:
        starts_per_label: annotator -> number of starts for each label.
        chains: the `chains` table.
        iterations: of the loop.
        study: the pictures.
    """
    return {
        name: study.by_iteration(chains_of(sampled_chains(chains, count)), iterations)
        for name, count in starts_per_label.items()
    }
