"""Nodes of the reporting pipeline that measure the annotators themselves."""

import pandas as pd

from broken_telephone.annotation import (
    AnnotationSettings,
    annotators_of,
    asked_for,
    closed_answers,
    comparable,
    form_of,
    headline,
    independent_annotators,
    labels_of,
    with_start_and_label,
)
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.pictures import StudyPictures
from broken_telephone.rating import RatingSettings, all_items, sampling_strata
from broken_telephone.reporting import ReportSettings
from broken_telephone.statistics import latent_class_tables, ratings_needed_table, reliability_table
from broken_telephone.tables import as_result


def arrange_labels(
    ratings: pd.DataFrame,
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    annotation: AnnotationSettings,
    dataset: DatasetSettings,
    loop: LoopSettings,
    study_pictures: StudyPictures,
) -> pd.DataFrame:
    """Put the labels of the data set, the raters and the annotators below each other."""
    form = form_of(annotation, dataset.words)
    items = all_items(chains, loop.iterations, study_pictures)
    return labels_of(annotations, people, chains, items, ratings, asked_for(form), comparable(form, dataset.words))


def measure_reliability(
    annotator_labels: pd.DataFrame,
    annotation_probabilities: pd.DataFrame,
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    rating: RatingSettings,
    settings: ReportSettings,
) -> pd.DataFrame:
    """Measure whether the closed-form answers are right as often as their probability says."""
    strata = sampling_strata(annotations, chains, people, rating.sampler)
    measured = annotators_of(headline(annotations, settings.annotator))
    own = annotation_probabilities[annotation_probabilities["annotator"].isin(measured)]
    answers = closed_answers(own, annotator_labels, strata, chains)
    return as_result(reliability_table(answers, settings.resampling))


def plan_ratings(corrected_drift: pd.DataFrame, drift: pd.DataFrame) -> pd.DataFrame:
    """Compute the number of ratings that the corrected drift needs for intervals of two widths."""
    return as_result(ratings_needed_table(corrected_drift, drift))


def estimate_latent_classes(
    annotator_labels: pd.DataFrame,
    chains: pd.DataFrame,
    annotation: AnnotationSettings,
    dataset: DatasetSettings,
    settings: ReportSettings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate shares and the errors of every annotator from the answers of all annotators."""
    labels = with_start_and_label(annotator_labels, chains)
    annotators = independent_annotators(annotator_labels, settings.reading)
    attributes = asked_for(form_of(annotation, dataset.words))
    shares, confusions = latent_class_tables(labels, attributes, annotators, settings.resampling)
    return as_result(shares), as_result(confusions)
