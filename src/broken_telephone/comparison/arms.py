"""Turns the results of studies into the arms that the statistics compare, and sums up their costs."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from broken_telephone.annotation import mentioned_categories
from broken_telephone.comparison.finished_study import FinishedStudy
from broken_telephone.comparison.human_ratings import rated_answers
from broken_telephone.comparison.pairing import EXPLAINABILITY, SIMILARITY, Pairing
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.models import REGIONS
from broken_telephone.progress import track
from broken_telephone.rating.sample import EQUAL
from broken_telephone.statistics import Panel, panels
from broken_telephone.statistics.outcomes import (
    MENTIONS,
    SUCCESS,
    SUPPORT,
    Arm,
    Outcome,
    category_outcomes,
    mention_outcomes,
    missing_outcome,
    similarity_outcomes,
    success_outcomes,
    support_outcomes,
)
from broken_telephone.statistics.tables.mentions import mention_panels

COSTS = ("arm", "describe_seconds", "draw_seconds", "tokens")
"""Seconds of the models and new tokens of the describer, for one iteration of one chain."""
_OF_DESCRIBER = (SUCCESS, MENTIONS, SUPPORT)
"""Families whose values depend on the describer. They are compared themselves, not their changes since image 0."""
_WORD = ["chain_id", "iteration", "face", "char_offset"]
"""What tells an explained word from all others."""
_TEXT = "text"
"""The reading of predictions that is success: the label by the description."""


def arrange_arms(
    studies: Mapping[str, FinishedStudy], pairing: Pairing, reading: str, sampler: str = EQUAL
) -> list[Arm]:
    """Arrange the outcomes of each study in the order of the chains that are compared.

    Rows of tables about other chains and later images are left out by the statistics.

    Args:
        studies: arm -> its study.
        pairing: of the studies.
        reading: the reading of the annotator that is compared.
        sampler: how the rated samples were drawn, see `rating.rating_sample`.

    Returns:
        The arms in the order of the studies. Similarity and support are outcomes if all studies have them.
    """
    items = track(studies.items(), "Reading studies", len(studies))
    return [_arm(study, pairing, reading, sampler) for _, study in items]


def costs_of(studies: Mapping[str, FinishedStudy]) -> pd.DataFrame:
    """Return the columns COSTS, one row per arm.

    They are means over all descriptions and images of the loop, so that studies of different length can be compared.
    Reused results count with the seconds that they took in the study that made them. Prompts that start a chain are no
    descriptions. Means of nothing are null.
    """
    rows = []
    for arm, study in studies.items():
        record, texts = study.loop_manifest, study.results.loop_descriptions
        spent, counts = record["seconds"], record["counts"]
        tokens = texts["tokens"].astype(float)
        described = int((texts["describer"].astype(str) != "prompt").sum())
        # The times of an imported study are unknown.
        describe = spent["describe"] / described if described and spent["describe"] is not None else np.nan
        draw = spent["draw"] / counts["images"] if counts["images"] and spent["draw"] is not None else np.nan
        rows.append((arm, describe, draw, tokens.mean()))
    return pd.DataFrame(rows, columns=list(COSTS))


def _arm(study: FinishedStudy, pairing: Pairing, reading: str, sampler: str) -> Arm:
    chains, iterations = pairing.chains[study.arm], pairing.iterations
    instrument = pairing.instruments[study.arm]
    answers = study.results.annotations
    is_own = (answers["annotator"] == instrument.annotator) & (answers["reading"] == reading)
    thinned = frozenset(range(1, iterations + 1)).difference(study.kept)
    by_attribute = panels(answers[is_own], chains, instrument.attributes, iterations, thinned=thinned)
    arranged = list(by_attribute.values())
    predictions = study.results.predictions
    outcomes: list[Outcome] = [outcome for panel in arranged for outcome in category_outcomes(panel)]
    outcomes += [_without_thinned(missing_outcome(panel), thinned) for panel in arranged]
    outcomes += success_outcomes(predictions[predictions["reading"] == _TEXT], chains, arranged)
    outcomes += mention_outcomes(_mention_panels(study, chains, by_attribute, iterations))
    if SIMILARITY in pairing.stages:
        outcomes += similarity_outcomes(study.results.similarities, chains, iterations)
    if EXPLAINABILITY in pairing.stages:
        outcomes += support_outcomes(_label_words(study), chains, iterations)
    if pairing.exchanged is not None:
        outcomes = list(_of_exchanged(outcomes, pairing.exchanged))
    # A study's own describer describes image 0, so its first value is no common starting point.
    outcomes = [one._replace(on_first=one.on_first and one.family not in _OF_DESCRIBER) for one in outcomes]
    return Arm(study.arm, _named_by_picture(chains), outcomes, rated_answers(study, chains, arranged, sampler))


def _named_by_picture(chains: pd.DataFrame) -> pd.DataFrame:
    """Add the digest of the original to its name: starts of two studies are equal only if their pictures are."""
    names = chains["image_id"].astype(object) + " " + chains["image_digest"].astype(object)
    return chains.assign(image_id=names)


def _without_thinned(outcome: Outcome, thinned: frozenset[int]) -> Outcome:
    """Return the outcome with null for images that the study did not keep: they are no missing answers."""
    values = outcome.values.copy()
    values[:, sorted(thinned)] = np.nan
    return outcome._replace(values=values)


def _of_exchanged(outcomes: list[Outcome], attribute: str) -> Iterator[Outcome]:
    """Yield the outcomes of originals that differ in an attribute between the arms.

    Changes of this attribute would count the exchange itself as drift, so its values are compared. Its categories
    divide the chains of each arm differently, so there is no success by category.
    """
    for outcome in outcomes:
        if outcome.attribute != attribute:
            yield outcome
        elif outcome.family != SUCCESS:
            yield outcome._replace(on_first=False)


def _mention_panels(
    study: FinishedStudy, chains: pd.DataFrame, by_attribute: Mapping[str, Panel], iterations: int
) -> list[Panel]:
    """Return the mentions of the descriptions; description k + 1 belongs to image k, as the study's own report has it.

    The table `last_descriptions` has the descriptions of the last image, which the loop does not describe.
    """
    columns = ["chain_id", "iteration", "describer"]
    loop, last = (study.results.loop_descriptions[columns], study.results.last_descriptions[columns])
    texts = pd.concat([loop[loop["iteration"] <= study.iterations], last], ignore_index=True)
    mentions = study.results.mentions
    own = study.annotation_manifest.get("attributes", {})
    dataset = DatasetSettings.model_validate({**study.settings["dataset"], "attributes": own})
    categories = mentioned_categories(mentions, dataset.words.attributes, own)
    return mention_panels(mentions, texts, chains, by_attribute, categories, iterations)


def _label_words(study: FinishedStudy) -> pd.DataFrame:
    """Return the activations of words that name a label, by the method of the study.

    Regions that only originals with a mask of props have are left out.
    """
    results, record = study.results, study.explanation_manifest
    assert record is not None
    activations = results.activations
    activations = activations[activations["method"].astype(str) == record["by"]["method"]]
    activations = activations[activations["region"].isin(REGIONS)]
    words = results.explained_words
    of_label = words.loc[words["correct"].notna(), _WORD]
    return activations.merge(of_label, on=_WORD)
