"""Nodes of the explainability pipeline."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.errors import UnreadableError
from broken_telephone.execution import Saved
from broken_telephone.explainability import ExplainSettings
from broken_telephone.explainability.faces.face_matching import (
    People,
    boxes_of,
    counted,
    labels_by_picture,
    people_of,
    regions_of,
)
from broken_telephone.explainability.faces.face_parts import FaceParts
from broken_telephone.explainability.items import WordItem, sampled, seen_pictures, texts_of, word_items
from broken_telephone.explainability.journal import Found, Record, Records, found_in, sight_in, sight_key
from broken_telephone.explainability.manifest import manifest
from broken_telephone.explainability.maps.attribution_scores import (
    OTHER_SIZES,
    by_picture,
    comparable_kinds,
    left_out,
    support_table,
    support_tests,
)
from broken_telephone.explainability.maps.occlusion import Colour, mean_colour
from broken_telephone.explainability.maps.sanity_checks import sentences, trust_table
from broken_telephone.explainability.run import explain_words, find_parts, needed_of
from broken_telephone.explainability.skin_tone_drift import skin_table
from broken_telephone.explainability.tables import faces_table, word_tables
from broken_telephone.explainability.tasks import How
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.models import Describer, Explainer, FaceDetector, RegionParser, UnseenError
from broken_telephone.pictures import Needed, Picture, StudyPictures
from broken_telephone.reporting import ReportSettings
from broken_telephone.seeds import digest
from broken_telephone.statistics import ALL, with_adjusted_p_values
from broken_telephone.tables import as_result

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is explained, and under which names results are kept."""

    chains: pd.DataFrame
    """Rows of the `chains` table."""
    there: Mapping[int, list[Picture]]
    people: People
    labels: Mapping[str, str]
    """Original -> label."""
    parts: str
    """Identity of faces and regions."""
    words: str
    """Identity of explained words."""
    by: Mapping[str, Any]
    """Models and settings."""
    colour: Colour
    """What hidden parts of pictures are painted in: the mean of the first pictures of the chains.

    That of the first run stays: chains that are added, and pictures that open later, change nothing that is explained.
    """
    needed: Needed | None
    """How large pictures are looked at when words are explained; as it was in the first run. None without pictures."""

    def counted(self, found: Mapping[str, Found], concept: str) -> dict[str, list[int]]:
        """Return picture -> which of its faces count."""
        return {name: counted(name, one, self.people, concept, self.labels.get(name)) for name, one in found.items()}


def plan_explanation(
    chains: pd.DataFrame,
    people: pd.DataFrame,
    loop: LoopSettings,
    explain: ExplainSettings,
    loop_settings: Mapping[str, Any],
    study_pictures: StudyPictures,
    describer: Describer,
    detector: FaceDetector,
    parser: RegionParser,
    explanations_done: Records,
) -> Plan:
    """Choose the chains, and say by what they are explained; none if the describer runs elsewhere."""
    mine = sampled(chains, explain.chains_per_label, explain.seed)
    if not hasattr(describer, "explain"):
        logger.warning("%s runs elsewhere: which part of a picture its words come from cannot be seen", describer.name)
        mine = mine.head(0)
    there = seen_pictures(mine, loop.iterations, study_pictures)
    parts = {"detector": detector.identity(), "parser": parser.identity(), "frame": explain.size}
    by = {"describer": describer.identity(), **parts, "explain": explain.changing}
    key_of_parts, key_of_words = (
        digest(json.dumps([loop_settings, what], sort_keys=True), size=6) for what in (parts, by)
    )
    first = [*there.get(0, []), *there.get(1, [])][: len(mine)]
    needed = sight_in(key_of_words, explanations_done)
    if needed is not None:
        red, green, blue = explanations_done[sight_key(key_of_words)]()["colour"]
        colour = (red, green, blue)
    else:
        # Measured only where there is something to look at: it loads model libraries.
        needed = needed_of(describer, explain.frame) if any(there.values()) else None
        colour = _mean_colour(first, study_pictures, needed)
    return Plan(
        mine,
        there,
        people_of(mine, people),
        labels_by_picture(mine),
        key_of_parts,
        key_of_words,
        {"describer": describer.name, "detector": detector.name, "parser": parser.name, **explain.changing},
        colour,
        needed,
    )


def _mean_colour(pictures: list[Picture], study: StudyPictures, needed: Needed | None) -> Colour:
    found = []
    for one in pictures:
        # Those that do not open are counted where they are looked at.
        with suppress(UnreadableError):
            found.append(np.asarray(study.open(one, needed)))
    return mean_colour(found)


def find_faces_and_regions(
    plan: Plan,
    explain: ExplainSettings,
    detector: FaceDetector,
    parser: RegionParser,
    study_pictures: StudyPictures,
    face_parts_done: Records,
) -> Iterator[tuple[Mapping[str, Record], Mapping[str, Record]]]:
    """Find faces and regions; Kedro saves every batch as soon as it is finished."""
    model = FaceParts(detector, parser)
    yield from find_parts(plan.there, plan.parts, explain, model, study_pictures, face_parts_done)
    yield Saved()


def choose_words(
    plan: Plan,
    study_pictures: StudyPictures,
    dataset: DatasetSettings,
    chain_settings: ChainSettings,
    loop: LoopSettings,
    loop_descriptions: pd.DataFrame,
    last_descriptions: pd.DataFrame,
    face_parts: Records,
) -> dict[int, list[WordItem]]:
    """Find the words that name labels, in what the describer wrote about the pictures."""
    found = found_in(plan.parts, face_parts, plan.there)
    texts = texts_of(plan.chains, loop.iterations, loop_descriptions, last_descriptions)
    concept = chain_settings.concept
    known = dataset.words.concepts[concept]
    count = plan.counted(found, concept)
    boxes = {name: boxes_of(name, one, plan.people) for name, one in found.items()}
    return word_items(chains_of(plan.chains), study_pictures, plan.there, texts, known, found, count, boxes)


def explain_described_words(
    plan: Plan,
    words_to_explain: dict[int, list[WordItem]],
    explain: ExplainSettings,
    loop: LoopSettings,
    describer: Explainer,
    parser: RegionParser,
    study_pictures: StudyPictures,
    face_parts: Records,
    explanations_done: Records,
) -> Iterator[tuple[Mapping[str, Record], Mapping[str, Record]]]:
    """Explain words; Kedro saves every batch as soon as it is finished."""
    found = found_in(plan.parts, face_parts, plan.there)
    if plan.needed is None:
        yield Saved()
        return
    if sight_in(plan.words, explanations_done) is None:
        yield Saved({sight_key(plan.words): {"colour": plan.colour, "needed": list(plan.needed)}})
    how = How(loop.describe_prompt, explain.layers, explain.method, explain.target, plan.colour)
    checked = set(sampled(plan.chains, explain.checked, explain.seed)["chain_id"].astype(str))
    try:
        yield from explain_words(
            words_to_explain,
            lambda item: regions_of(item, found[item.picture.name], plan.people, parser.grow),
            checked,
            plan.words,
            how,
            explain,
            describer,
            plan.needed,
            study_pictures,
            explanations_done,
        )
    except UnseenError as error:
        # The rest of the study does not depend on it.
        logger.warning("%s", error)
    yield Saved()


def tabulate_explanation(
    study: str,
    plan: Plan,
    study_pictures: StudyPictures,
    words_to_explain: dict[int, list[WordItem]],
    explain: ExplainSettings,
    chain_settings: ChainSettings,
    loop: LoopSettings,
    settings: ReportSettings,
    annotations: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    last_descriptions: pd.DataFrame,
    face_parts: Records,
    explanations: Records,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Read the journals into tables, and state what was explained and what was left out."""
    found = found_in(plan.parts, face_parts, plan.there)
    concept = chain_settings.concept
    labels = dict(zip(plan.chains["chain_id"].astype(str), plan.chains["label"].astype(str), strict=True))
    chains = chains_of(plan.chains)
    faces = faces_table(chains, loop.iterations, found, plan.people, concept, labels)
    items = [item for some in words_to_explain.values() for item in some]
    gender = annotations[
        (annotations["attribute"] == "gender")
        & (annotations["reading"] == settings.reading)
        & (annotations["status"] == "valid")
    ]
    said = {
        (str(chain), int(iteration)): str(category)
        for chain, iteration, category in zip(gender["chain_id"], gender["iteration"], gender["category"], strict=True)
    }
    tables = word_tables(items, plan.words, explanations, explain.random_weights, labels, said, explain.method)
    texts = texts_of(plan.chains, loop.iterations, loop_descriptions, last_descriptions)
    written = {
        one.name
        for chain in chains
        for iteration in range(loop.iterations + 1)
        if (chain.chain_id, iteration) in texts and (one := study_pictures.of(chain, iteration)) is not None
    }
    names = [one.name for some in plan.there.values() for one in some]
    record = manifest(
        study,
        {**plan.by, "pixels": {"faces": _pixels(plan.parts, face_parts), "words": _pixels(plan.words, explanations)}},
        names,
        {name: name in written for name in names},
        found,
        plan.counted(found, concept),
        items,
        plan.parts,
        face_parts,
        plan.words,
        explanations,
    )
    return faces, *tables, {**record, "made_from": study_pictures.state}


def _pixels(identity: str, records: Records) -> dict[str, int] | None:
    """Return how large pictures were looked at; None where none was."""
    needed = sight_in(identity, records)
    return None if needed is None else needed._asdict()


def measure_support(
    explained_words: pd.DataFrame,
    activations: pd.DataFrame,
    occlusions: pd.DataFrame,
    chains: pd.DataFrame,
    explain: ExplainSettings,
    settings: ReportSettings,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure where words come from, compare groups, and check whether to believe it."""
    resampling = settings.resampling
    everything = by_picture(explained_words, activations, occlusions, chains, explain.method)
    pictures = comparable_kinds(everything)
    support = support_table(pictures, resampling)
    tests = with_adjusted_p_values(support_tests(pictures, resampling), ["attribute", "measure", "iteration"])
    trust = trust_table(pictures, explained_words, activations, explain.method, resampling)
    said = sentences(support, trust)
    if rest := left_out(everything, pictures):
        logger.warning("%s", rest)
        # Told last; of no label.
        said.loc[len(said)] = [OTHER_SIZES, ALL, None, False, rest]
    return as_result(support), as_result(tests), as_result(trust), said


def measure_skin_tones(
    faces: pd.DataFrame, chains: pd.DataFrame, loop: LoopSettings, settings: ReportSettings
) -> pd.DataFrame:
    """Measure how the colour of faces drifts."""
    table = skin_table(faces, chains, loop.iterations, settings.resampling)
    return as_result(with_adjusted_p_values(table, settings.fdr_family))
