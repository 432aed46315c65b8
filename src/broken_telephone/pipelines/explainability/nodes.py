"""Nodes of the explainability pipeline."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from broken_telephone.annotation import headline
from broken_telephone.chains import chains_of
from broken_telephone.datasets import StageStore
from broken_telephone.datasets.reused_studies import NO_STUDIES, ReusedStudies, donors
from broken_telephone.errors import StudyError
from broken_telephone.execution.adoption import counts_of
from broken_telephone.execution.journal import Record, Records, records_of, results_of, seconds_in
from broken_telephone.explainability import ExplainSettings
from broken_telephone.explainability.faces.face_matching import (
    boxes_of,
)
from broken_telephone.explainability.faces.face_parts import FaceParts
from broken_telephone.explainability.faces.props import sentence_of
from broken_telephone.explainability.items import WordItem, sampled, texts_of, word_items
from broken_telephone.explainability.journal import contents_in, faces_in, words_in
from broken_telephone.explainability.manifest import manifest
from broken_telephone.explainability.maps.attribution_scores import support_table, support_tests
from broken_telephone.explainability.maps.fill_notes import with_fill_notes
from broken_telephone.explainability.maps.picture_scores import OTHER_SIZES, by_picture, comparable_kinds, left_out
from broken_telephone.explainability.maps.props_apart import PROPS
from broken_telephone.explainability.maps.sanity_checks import LACKING_WORDS, pattern_sentences, sentences, trust_table
from broken_telephone.explainability.run import explain_words, find_parts
from broken_telephone.explainability.skin_tone_drift import skin_table
from broken_telephone.explainability.tables import faces_table, word_tables
from broken_telephone.explainability.tasks import How
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.models import Explainer, FaceDetector, RegionParser, UnseenError
from broken_telephone.pictures import StudyPictures
from broken_telephone.pipelines.explainability.plan import Plan
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.statistics import ALL, with_adjusted_p_values
from broken_telephone.tables import as_result

logger = logging.getLogger(__name__)


def find_faces_and_regions(
    plan: Plan,
    explain: ExplainSettings,
    detector: FaceDetector,
    parser: RegionParser,
    explainability_store: StageStore,
    reused_studies: ReusedStudies = NO_STUDIES,
) -> Iterator[tuple[Mapping[str, Record], Mapping[str, Record]]]:
    """Find faces and regions; Kedro saves every batch as soon as it is finished."""
    model, journal = FaceParts(detector, parser), explainability_store.face_parts
    yield from find_parts(
        plan.pictures,
        plan.parts,
        explain,
        model,
        plan.needed[0],
        plan.opened,
        journal,
        plan.parts_in,
        donors(reused_studies, "face_parts", "face_parts_sessions"),
    )


def choose_words(
    plan: Plan,
    study_pictures: StudyPictures,
    explain: ExplainSettings,
    dataset: DatasetSettings,
    chain_settings: ChainSettings,
    loop: LoopSettings,
    loop_descriptions: pd.DataFrame,
    last_descriptions: pd.DataFrame,
    face_parts: Records,
) -> dict[int, list[WordItem]]:
    """Find the words that name labels or match a pattern, in what the describer wrote about the pictures.

    Raises:
        StudyError: if a pattern of `explain.words` is the name of a label.
    """
    contents = contents_in(plan.parts, face_parts, plan.pictures)
    texts = texts_of(plan.chains, study_pictures, loop.iterations, loop_descriptions, last_descriptions)
    concept = chain_settings.concept
    known = dataset.words.concepts[concept]
    if labels := set(explain.words) & set(known.categories):
        raise StudyError(f"explain.words: {', '.join(sorted(labels))} is a label, whose words are explained anyway")
    main_face = plan.main_faces(contents)
    regions_from: dict[str, object] = {name: boxes_of(name, one, plan.people) for name, one in contents.items()}
    regions_from |= {
        name: (regions_from[name], mask) for name in contents if (mask := plan.props.digest(name)) is not None
    }
    return word_items(plan.pictures, texts, known, contents, main_face, regions_from, explain.words)


def explain_described_words(
    plan: Plan,
    words_to_explain: dict[int, list[WordItem]],
    explain: ExplainSettings,
    loop: LoopSettings,
    describer: Explainer,
    parser: RegionParser,
    face_parts: Records,
    explainability_store: StageStore,
    reused_studies: ReusedStudies = NO_STUDIES,
) -> Iterator[tuple[Mapping[str, Record], Mapping[str, Record]]]:
    """Explain words; Kedro saves every batch as soon as it is finished."""
    contents = contents_in(plan.parts, face_parts, plan.pictures)
    how = How(loop.describe_prompt, explain.layers, explain.method, explain.target, plan.colour)
    checked = set(sampled(plan.chains, explain.checked, explain.seed)["chain_id"].astype(str))
    try:
        yield from explain_words(
            words_to_explain,
            lambda item: plan.regions_of(item, contents[item.picture.name], parser),
            lambda item: plan.props.mask(item.picture.name, contents[item.picture.name]),
            checked,
            plan.words,
            how,
            explain,
            describer,
            plan.needed[1],
            plan.opened,
            explainability_store.explanations,
            plan.words_in,
            donors(reused_studies, "explanations", "explanation_sessions"),
        )
    except UnseenError as error:
        # The rest of the study does not depend on it.
        logger.warning("%s", error)


def tabulate_explanation(
    study: str,
    plan: Plan,
    study_pictures: StudyPictures,
    words_to_explain: dict[int, list[WordItem]],
    explain: ExplainSettings,
    loop: LoopSettings,
    settings: ReportSettings,
    annotations: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    last_descriptions: pd.DataFrame,
    face_parts: Records,
    explanations: Records,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Turn the journals into tables, and summarise the explanation."""
    known = faces_in(plan.parts, face_parts, plan.pictures)
    contents = results_of(known)
    labels = dict(zip(plan.chains["chain_id"].astype(str), plan.chains["label"].astype(str), strict=True))
    along = study_pictures.along(chains_of(plan.chains), loop.iterations)
    faces = faces_table(along, contents, plan.people)
    items = [item for some in words_to_explain.values() for item in some]
    own = headline(annotations, settings.annotator)
    gender = own[(own["attribute"] == "gender") & (own["reading"] == settings.reading) & (own["status"] == "valid")]
    genders = {
        (str(chain), int(iteration)): str(category)
        for chain, iteration, category in zip(gender["chain_id"], gender["iteration"], gender["category"], strict=True)
    }
    tables = word_tables(items, plan.words, explanations, explain.random_weights, labels, genders, explain.method)
    texts = texts_of(plan.chains, study_pictures, loop.iterations, loop_descriptions, last_descriptions)
    names = [one.name for some in plan.pictures.values() for one in some]
    for_faces, for_words = (None if needed is None else needed._asdict() for needed in plan.needed)
    record = manifest(
        study,
        {**plan.by, "pixels": {"faces": for_faces, "words": for_words}},
        names,
        texts.keys(),
        known,
        plan.main_faces(contents),
        items,
        words_in(plan.words, explanations),
        seconds_in(records_of(plan.words, explanations)),
        explain.words,
    )
    adopted = {
        "pictures": counts_of(records_of(plan.parts, face_parts), lambda record: len(record["pictures"])),
        "words": counts_of(records_of(plan.words, explanations), lambda record: len(record["names"])),
    }
    if explain.prop_masks is not None:
        record["props"] = plan.props.counts()
    return faces, *tables, {**record, "adopted": adopted, "made_from": study_pictures.state}


def measure_support(
    explained_words: pd.DataFrame,
    activations: pd.DataFrame,
    occlusions: pd.DataFrame,
    chains: pd.DataFrame,
    explanation_manifest: Mapping[str, Any],
    explain: ExplainSettings,
    settings: ReportSettings,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure which regions support words, compare groups, and make the sanity checks."""
    resampling = settings.resampling
    everything = by_picture(explained_words, activations, occlusions, chains, explain.method)
    pictures = comparable_kinds(everything)
    support = support_table(pictures, resampling)
    tests = with_adjusted_p_values(support_tests(pictures, resampling), ["attribute", "measure", "iteration"])
    tests = with_fill_notes(tests, LEVEL)
    trust = trust_table(pictures, explained_words, activations, explain.method, resampling)
    statements = sentences(support, trust, explain.words)
    for pattern, sentence in pattern_sentences(explanation_manifest["patterns"]):
        statements.loc[len(statements)] = [LACKING_WORDS, pattern, None, False, sentence]
    if "props" in explanation_manifest:
        statements.loc[len(statements)] = [PROPS, ALL, None, False, sentence_of(explanation_manifest["props"])]
    if rest := left_out(everything, pictures):
        logger.warning("%s", rest)
        # Told last; of no label.
        statements.loc[len(statements)] = [OTHER_SIZES, ALL, None, False, rest]
    return as_result(support), as_result(tests), as_result(trust), statements


def measure_skin_tones(
    faces: pd.DataFrame, chains: pd.DataFrame, loop: LoopSettings, settings: ReportSettings
) -> pd.DataFrame:
    """Measure how the colour of faces drifts."""
    table = skin_table(faces, chains, loop.iterations, settings.resampling)
    table = table[~table["iteration"].isin(loop.thinned_iterations)]
    return as_result(with_adjusted_p_values(table, settings.fdr_family))
