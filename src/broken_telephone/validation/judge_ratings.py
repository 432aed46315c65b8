"""Ratings by the judge: it labels a stratified sample of the images, as people do with `kedro rate`."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.rating import rating_sample, sampling_strata
from broken_telephone.rating.sample import EQUAL
from broken_telephone.statistics import ABSENT, Panel, Ratings
from broken_telephone.validation.arms import ValidatedArm

_STRATUM = ["label", "split", "iteration", "answer"]
"""What the strata of the sampler "equal" differ in."""


def judge_ratings(arm: ValidatedArm, annotations: pd.DataFrame, per_cell: int, seed: int) -> Ratings:
    """Let the judge rate a sample.

    Args:
        arm: the study, with the judge's readings of all images.
        annotations: the annotator's answers, which define the strata of the sample.
        per_cell: pictures per label, split and iteration.
        seed: of the sample.
    """
    sample = rating_sample(annotations, arm.chains, arm.people, per_cell, seed, arm.pictures, EQUAL)
    frame = sampling_strata(annotations, arm.chains, arm.people, EQUAL)
    stratum = frame[_STRATUM].astype(str).agg(" | ".join, axis=1)
    strata = frame[["chain_id", "iteration"]].assign(stratum=stratum)
    return Ratings(_readings_of(arm.judged, arm.chains, sample), strata, arm.chains["chain_id"].astype(str))


def _readings_of(judged: Mapping[str, Panel], chains: pd.DataFrame, sample: pd.DataFrame) -> pd.DataFrame:
    """Return what the judge reads in the pictures of a sample: chain_id, iteration, attribute, category."""
    keys = sample[["chain_id", "iteration"]]
    rows = pd.Index(chains["chain_id"].astype(str)).get_indexer(keys["chain_id"].astype(str))
    parts = []
    for attribute, panel in judged.items():
        codes = panel.codes[rows, keys["iteration"].to_numpy(int)]
        known = codes != ABSENT
        categories = [panel.categories[code] for code in codes[known]]
        parts.append(keys[known].assign(attribute=attribute, category=categories))
    return pd.concat(parts, ignore_index=True)
