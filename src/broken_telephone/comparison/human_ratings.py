"""Arranges the human ratings of a study, which correct its shares."""

from collections.abc import Sequence

import pandas as pd

from broken_telephone.annotation import checked, labels_of
from broken_telephone.comparison.finished_study import FinishedStudy
from broken_telephone.pictures import StudyPictures, digests_of
from broken_telephone.rating import all_items, sampling_strata
from broken_telephone.statistics import Panel
from broken_telephone.statistics.outcomes import Rated, rated_attributes


def rated_answers(
    study: FinishedStudy, chains: pd.DataFrame, panels: Sequence[Panel], sampler: str
) -> dict[str, Rated]:
    """Return attribute -> the ratings that correct its shares; empty if nobody rated pictures of these chains.

    Args:
        study: the study.
        chains: its chains that are compared.
        panels: the annotator's answers, one panel for each attribute.
        sampler: how the rated sample was drawn: the setting `rating.sampler` of the study.
    """
    ratings = study.results.ratings
    if ratings is None or ratings.empty:
        return {}
    annotations, people = study.results.annotations, study.results.people
    own = annotations[annotations["chain_id"].isin(chains["chain_id"])]
    iterations = panels[0].codes.shape[1] - 1
    own = own[own["iteration"] <= iterations]
    pictures = StudyPictures({}, {}, digests_of(study.results.loop_pictures))
    items = all_items(chains, iterations, pictures)
    attributes = {panel.attribute: panel.categories for panel in panels}
    labels = labels_of(own, people, chains, items, ratings, attributes, {})
    return rated_attributes(panels, checked(labels, sampling_strata(own, chains, people, sampler), chains))
