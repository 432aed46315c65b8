"""Nodes of the annotation pipeline."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from broken_telephone.annotation import (
    AnnotationSettings,
    asked_for,
    comparable,
    comparisons_of,
    form_of,
    headline,
    labels_of,
)
from broken_telephone.annotation.annotator_choice import refuse_missing_headline
from broken_telephone.annotation.annotator_sample import sampled_pictures
from broken_telephone.annotation.annotators_compared import between_models
from broken_telephone.annotation.imported_answers import imported_answers, models_only, with_imported
from broken_telephone.annotation.manifest import found_in_checks, manifest
from broken_telephone.annotation.questions import Inquiry, inquiries, refuse_unread_report, task_name
from broken_telephone.annotation.run import annotate, answers_to, names_of_pictures
from broken_telephone.annotation.tables import Tables, tables
from broken_telephone.chains import chains_of
from broken_telephone.datasets import StageStore
from broken_telephone.datasets.reused_studies import NO_STUDIES, ReusedStudies, donors
from broken_telephone.execution.journal import Record, Records
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.labels import ordered_attributes
from broken_telephone.loop import LoopSettings
from broken_telephone.models import Annotator, Describer
from broken_telephone.pictures import StudyPictures
from broken_telephone.rating import RatingSettings, all_items, known_items, rating_sample, wrong_answers
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.figures.agreement import agreement_figure
from broken_telephone.reporting.text.agreement import agreement_sentences
from broken_telephone.statistics import agreement_by_kind, agreement_table, confusion_table


def state_inquiries(
    annotation: AnnotationSettings,
    dataset: DatasetSettings,
    chains: ChainSettings,
    loop: LoopSettings,
    annotator: Annotator,
    describer: Describer,
    loop_settings: Mapping[str, Any],
    further_annotators: Mapping[str, Annotator],
    report: ReportSettings,
) -> list[Inquiry]:
    """State the questions about every picture, and the models that answer them.

    Raises:
        StudyError: if a model cannot be asked, or the report measures a reading that its annotator does not give.
    """
    scheme, concept = dataset.words, chains.concept
    prompt = loop.describe_prompt
    questions = inquiries(annotation, scheme, concept, prompt, annotator, describer, loop_settings, further_annotators)
    refuse_unread_report(questions, report.annotator, report.reading)
    return with_imported(questions, loop_settings, annotation, scheme)


def annotate_pictures(
    inquiries: list[Inquiry],
    chains: pd.DataFrame,
    loop: LoopSettings,
    annotation: AnnotationSettings,
    annotator: Annotator,
    describer: Describer,
    study_pictures: StudyPictures,
    annotation_store: StageStore,
    further_annotators: Mapping[str, Annotator],
    reused_studies: ReusedStudies = NO_STUDIES,
) -> Iterator[tuple[Mapping[str, Record], Mapping[str, Record]]]:
    """Ask about all pictures; Kedro saves every batch as soon as it is answered."""
    pictures = study_pictures.by_iteration(chains_of(chains), loop.iterations)
    further = {task_name(name): model for name, model in further_annotators.items()}
    models = {"annotator": annotator, "describer": describer, **further}
    samples = sampled_pictures(annotation.starts_per_label, chains, loop.iterations, study_pictures)
    others = donors(reused_studies, "annotation_batches", "annotation_sessions")
    journal = annotation_store.batches
    asked, names = models_only(inquiries), names_of_pictures(chains)
    yield from annotate(pictures, asked, annotation, models, study_pictures, journal, samples, others, names)


def collect_annotations(
    study: str,
    inquiries: list[Inquiry],
    chains: pd.DataFrame,
    study_pictures: StudyPictures,
    chain_settings: ChainSettings,
    dataset: DatasetSettings,
    loop: LoopSettings,
    loop_descriptions: pd.DataFrame,
    annotation_batches: Records,
    annotation: AnnotationSettings,
    annotation_store: StageStore,
    annotation_sessions: Records,
    loop_settings: Mapping[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Parse all answers into tables, and summarise the annotation.

    Raises:
        StudyError: if the first of several annotators labelled no picture.
    """
    followed = chains_of(chains)
    pictures = study_pictures.by_iteration(followed, loop.iterations)
    samples = sampled_pictures(annotation.starts_per_label, chains, loop.iterations, study_pictures)
    answers = {
        inquiry.name: answers_to(inquiry, annotation_batches, samples.get(inquiry.by, pictures))
        for inquiry in inquiries
    }
    answers |= imported_answers(inquiries, annotation_store.imported_answers, chains, loop_settings)
    labels = dict(zip(chains["chain_id"].astype(str), chains["label"].astype(str), strict=True))
    concept = chain_settings.concept
    known, own = dataset.words.concepts[concept], dataset.own_variables
    result: Tables = tables(
        followed, study_pictures, labels, loop.iterations, inquiries, answers, loop_descriptions, concept, known, own
    )
    refuse_missing_headline(inquiries[0].by, result.annotations)
    record = manifest(study, inquiries, answers, annotation_batches, result.annotations, annotation_sessions)
    record["made_from"] = study_pictures.state
    if checks := found_in_checks(annotation_sessions):
        record["checks"] = checks
    if dataset.attributes:
        # A comparison reads the words of these attributes here.
        record["attributes"] = {name: one.model_dump() for name, one in dataset.attributes.items()}
    return *result, record


def sample_for_raters(
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    rating: RatingSettings,
    loop: LoopSettings,
    study_pictures: StudyPictures,
    ratings: pd.DataFrame,
) -> pd.DataFrame:
    """Choose the pictures that people rate; ratings that exist already show where the annotator errs."""
    wrong = None
    if rating.sampler == "neyman":
        wrong = wrong_answers(headline(annotations), ratings, all_items(chains, loop.iterations, study_pictures))
    return rating_sample(
        annotations, chains, people, rating.per_cell, rating.seed, study_pictures, rating.sampler, wrong
    )


def name_rating_items(
    chains: pd.DataFrame,
    loop: LoopSettings,
    study_pictures: StudyPictures,
    annotation_store: StageStore,
) -> pd.DataFrame:
    """List the picture behind each name on the rating page."""
    return known_items(all_items(chains, loop.iterations, study_pictures), annotation_store.rating_items)


def compare_annotators(
    annotation: AnnotationSettings,
    dataset: DatasetSettings,
    annotations: pd.DataFrame,
    people: pd.DataFrame,
    chains: pd.DataFrame,
    loop: LoopSettings,
    study_pictures: StudyPictures,
    ratings: pd.DataFrame,
    settings: ReportSettings,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, Any, pd.DataFrame]:
    """Measure how far the data set's labels, the annotators' readings and the people who rated agree."""
    scheme = dataset.words
    form = form_of(annotation, scheme)
    attributes, ordered = asked_for(form), ordered_attributes(form)
    items = all_items(chains, loop.iterations, study_pictures)
    labels = labels_of(annotations, people, chains, items, ratings, attributes, comparable(form, scheme))
    comparisons = comparisons_of(labels)
    agreement = agreement_table(labels, attributes, ordered, form.merged, comparisons, settings.resampling)
    confusions = confusion_table(labels, attributes, comparisons)
    sentences = agreement_sentences(agreement, confusions)
    models = between_models(comparisons)
    by_kind = agreement_by_kind(labels, attributes, ordered, form.merged, models, settings.resampling)
    return agreement, confusions, sentences, agreement_figure(agreement, confusions), by_kind
