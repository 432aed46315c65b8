"""What a comparison compares: one number per chain and image of a study, and the studies that it compares."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Panel, by_picture
from broken_telephone.statistics.tables.corrected_drift import shared_by_start
from broken_telephone.statistics.tables.corrected_shares import Ratings, arrange_ratings

SHARES, SUCCESS, MISSING_ANSWERS = "shares", "success", "missing answers"
MENTIONS, SIMILARITY, SUPPORT = "mentions", "similarity", "support"
REGION = "region"
"""The attribute of support outcomes. Their categories are the regions of an image."""
CONTINUOUS = 0
"""Value of `Outcome.categories` for numbers other than 0 and 1."""


class Outcome(NamedTuple):
    """One number per chain and image of one study."""

    family: str
    """One of the families above."""
    attribute: str
    """An attribute, or ALL. Of similarities: previous or origin."""
    category: str
    """A category, or ALL. Of similarities: image-image, text-text or image-text."""
    values: np.ndarray
    """float (n, K + 1), column k belongs to image k; null if not measured."""
    on_first: bool = True
    """Whether the first image of a chain has a value. If so, arms are compared by their changes since that image."""
    categories: int = 2
    """Number of categories of which the value indicates one, at least 2; CONTINUOUS if the value is not 0 or 1."""


class Rated(NamedTuple):
    """The annotator's categories of one attribute, and human ratings of a stratified sample of the images."""

    panel: Panel
    ratings: np.ndarray
    """(n, K + 1), codes of people's categories, or ABSENT."""
    strata: np.ndarray
    """(n, K + 1), numbers of the sampling strata, or ABSENT."""


class Arm(NamedTuple):
    """One study of a comparison."""

    name: str
    chains: pd.DataFrame
    """The n rows of the `chains` table: chain_id, start, image_id, prompt, label."""
    outcomes: Sequence[Outcome]
    """In the order of the chains."""
    corrections: Mapping[str, Rated] = {}
    """Attribute -> ratings that correct its shares."""


def category_outcomes(panel: Panel, family: str = SHARES) -> list[Outcome]:
    """Return an outcome for each category: 1 if the image has it, 0 if it has another one, null without an answer."""
    answered = np.where(panel.codes == ABSENT, np.nan, 0.0)
    size = len(panel.categories)
    return [
        Outcome(family, panel.attribute, category, answered + (panel.codes == code), categories=max(size, 2))
        for code, category in enumerate(panel.categories)
    ]


def missing_outcome(panel: Panel) -> Outcome:
    """Return the outcome 1 for an image without a valid answer, which includes a missing image, and 0 otherwise."""
    return Outcome(MISSING_ANSWERS, panel.attribute, ALL, (panel.codes == ABSENT).astype(float))


def success_outcomes(predictions: pd.DataFrame, chains: pd.DataFrame, panels: Sequence[Panel]) -> list[Outcome]:
    """Return whether the describer names the label, 1 or 0, for all chains and by the category of their originals.

    A chain without a prediction, because its loop stopped, has no text that names the label: 0. Leaving it out would
    hide that a study loses chains. Images without a prediction in any chain were not measured: null. An original is
    the same in all arms, so its category divides the chains of all arms alike. Chains from prompts have no original,
    no image 0 and no outcome by category.

    Args:
        predictions: of one reading and one concept. A prediction that is not `correct` is a failure.
        chains: the `chains` table, in the order of the panels.
        panels: one for each attribute, all of one annotator. At least one is required, because they have the number of
            iterations.
    """
    right = predictions["correct"].astype("boolean").fillna(False).to_numpy(dtype=float)
    values = by_picture(predictions, right, chains["chain_id"], panels[0].codes.shape[1], missing=np.nan)
    is_failure = np.isnan(values) & np.isfinite(values).any(0)
    is_failure[(chains["start"] != "image").to_numpy(), 0] = False
    values = np.where(is_failure, 0.0, values)
    outcomes = [Outcome(SUCCESS, ALL, ALL, values)]
    for panel in panels:
        for code, category in enumerate(panel.categories):
            own = panel.codes[:, [0]] == code
            outcomes.append(Outcome(SUCCESS, panel.attribute, category, np.where(own, values, np.nan)))
    return outcomes


def mention_outcomes(mention_panels: Sequence[Panel]) -> list[Outcome]:
    """Return whether descriptions mention an attribute, and name the category of the first image: 1 or 0.

    Args:
        mention_panels: see `mentions.mention_panels`. The first of their two categories counts.
    """
    return [category_outcomes(panel, MENTIONS)[0] for panel in mention_panels]


def similarity_outcomes(similarities: pd.DataFrame, chains: pd.DataFrame, iterations: int) -> list[Outcome]:
    """Return the cosine similarities of image or text k, -1 to 1. The first image has none.

    Args:
        similarities: the `similarities` table.
        chains: the `chains` table.
        iterations: K.
    """
    outcomes = []
    for (pair, kind), rows in similarities.groupby(["pair", "kind"], observed=True, sort=False):
        values = rows["value"].to_numpy(dtype=float, na_value=np.nan)
        arranged = by_picture(rows, values, chains["chain_id"], iterations + 1, missing=np.nan)
        outcomes.append(Outcome(SIMILARITY, str(pair), str(kind), arranged, on_first=False, categories=CONTINUOUS))
    return outcomes


def support_outcomes(pictures: pd.DataFrame, chains: pd.DataFrame, iterations: int) -> list[Outcome]:
    """Return the support of the explained words by each region. Several words of an image count as their mean.

    Args:
        pictures: columns chain_id, iteration, region and share, the share of the activation in the region.
        chains: the `chains` table.
        iterations: K.
    """
    keys = ["chain_id", "iteration", "region"]
    texts = pictures.astype({"chain_id": str, "region": str})
    means = texts.groupby(keys, sort=False)["share"].mean().reset_index()
    outcomes = []
    for region, rows in means.groupby("region", sort=False):
        values = rows["share"].to_numpy(dtype=float, na_value=np.nan)
        arranged = by_picture(rows, values, chains["chain_id"], iterations + 1, missing=np.nan)
        outcomes.append(Outcome(SUPPORT, REGION, str(region), arranged, categories=CONTINUOUS))
    return outcomes


def rated_attributes(panels: Sequence[Panel], ratings: Ratings) -> dict[str, Rated]:
    """Return the ratings of each attribute that has any, for `Arm.corrections`.

    Args:
        panels: one for each attribute, all of one annotator.
        ratings: of people, with the chains of the panels.

    Raises:
        ValueError: if people gave a picture two categories of an attribute, or if a picture is in two strata.
    """
    rated = {}
    for panel in panels:
        codes, strata = arrange_ratings(ratings, panel)
        if (codes != ABSENT).any():
            # Replicates share their original, whose rating stands in the row of one of them.
            codes[:, 0], strata[:, 0] = (shared_by_start(array[:, 0], panel.clusters) for array in (codes, strata))
            rated[panel.attribute] = Rated(panel, codes, strata)
    return rated
