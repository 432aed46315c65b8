"""Nodes of the reporting pipeline that compute the tables of results."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from broken_telephone.annotation import (
    AnnotationSettings,
    annotators_of,
    asked_for,
    checked,
    comparable,
    form_of,
    headline,
    labels_of,
    measured_answers,
    reference_answers,
)
from broken_telephone.chains import chains_of
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.pictures import StudyPictures
from broken_telephone.planning import planned_hypotheses
from broken_telephone.progress import with_progress
from broken_telephone.rating import RatingSettings, all_items, sampling_strata
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.crossed_attributes import crossed_attributes
from broken_telephone.statistics import (
    Panel,
    Ratings,
    age_midpoints,
    answer_kinds,
    bias_table,
    corrected_drift_table,
    corrected_table,
    crossed_panels,
    decomposition_table,
    drift_table,
    findings_table,
    intersections_table,
    leading_first,
    markov_tests_table,
    missing_answers_table,
    missing_changes,
    panels,
    power_table,
    predicted_shares_table,
    published_drift,
    share_bounds_table,
    shares_table,
    start_tests_table,
    success_changes_table,
    success_comparisons,
    success_differences_table,
    success_table,
    trajectories_table,
    with_adjusted_p_values,
)
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.findings import INTERSECTIONS, MISSING_ANSWERS, SUCCESS
from broken_telephone.statistics.tables.shares_table import DATASET
from broken_telephone.tables import as_result

Panels = Mapping[str, Panel]
NOBODY = pd.DataFrame(columns=["chain_id", "iteration", "attribute", "category", "stratum"])


def arrange_annotations(
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    annotation: AnnotationSettings,
    dataset: DatasetSettings,
    loop: LoopSettings,
    settings: ReportSettings,
) -> dict[str, Panel]:
    """Arrange one reading of each attribute, and the data set's labels, as panels.

    Raises:
        StudyError: if there is no such annotator, or it has no such reading.
    """
    if settings.reading not in {*annotation.readings, *annotations["reading"].dropna()}:
        raise StudyError(
            f"report.reading: {settings.reading!r} is none of annotation.readings ({', '.join(annotation.readings)})"
        )
    form = form_of(annotation, dataset.words)
    main = people[people["is_main"]].set_index("image_id")
    stated = {name: main[name].astype(object) for name in comparable(form, dataset.words) if name in main}
    own = measured_answers(annotations, settings.annotator, settings.reading)
    return panels(own, chains, asked_for(form), loop.iterations, stated, loop.thinned_iterations)


def measure_shares(panels: Panels, annotations: pd.DataFrame, settings: ReportSettings) -> pd.DataFrame:
    """Measure the share of each category in each picture."""
    names = [*annotators_of(headline(annotations, settings.annotator)), "annotator"]
    return as_result(shares_table([*panels.values()], f"{names[0]} ({settings.reading})"))


def measure_drift(
    panels: Panels, annotation: AnnotationSettings, dataset: DatasetSettings, settings: ReportSettings
) -> pd.DataFrame:
    """Measure and test the drift of each attribute, with p-values adjusted for multiple testing.

    Raises:
        StudyError: if a pair of iterations exceeds the iterations of the loop.
    """
    form = form_of(annotation, dataset.words)
    years = {q.variable: age_midpoints(q.years, panels[q.variable].categories) for q in form.questions if q.years}
    width = max((panel.codes.shape[1] for panel in panels.values()), default=1)
    if beyond := [pair for pair in settings.iteration_pairs if pair[1] >= width]:
        raise StudyError(f"report.iteration_pairs: {beyond[0]} asks for more than the {width - 1} iterations there are")
    thinned = next((panel.thinned for panel in panels.values()), frozenset())
    if without := [pair for pair in settings.iteration_pairs if thinned.intersection(pair)]:
        raise StudyError(
            f"report.iteration_pairs: {without[0]} names an iteration whose images loop.keep does not keep. Add it to "
            "loop.keep and run `kedro run --pipeline loop`, which draws these images again; or remove the pair"
        )
    pairs = [(None, k) for k in range(1, width)] + [(first, second) for first, second in settings.iteration_pairs]
    table = drift_table([*panels.values()], pairs, settings.resampling, years, with_progress("Measuring drift"))
    return as_result(with_adjusted_p_values(table, settings.fdr_family))


def decompose_comparison(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Split the published comparison into the annotator's error and drift."""
    each = with_progress("Decomposing the comparison")
    return as_result(decomposition_table([*panels.values()], settings.resampling, each))


def estimate_trajectories(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Estimate the fixed point of the loop, its half-life, and whether the drift has settled."""
    each = with_progress("Estimating trajectories")
    return as_result(trajectories_table([*panels.values()], settings.resampling, settings.equivalence_margin, each))


def check_markov_assumption(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Test whether the chains of each label and attribute are Markov chains."""
    each = with_progress("Testing the Markov assumption")
    return as_result(markov_tests_table([*panels.values()], settings.resampling, each))


def predict_shares(
    panels: Panels, shares: pd.DataFrame, markov_tests: pd.DataFrame, settings: ReportSettings
) -> pd.DataFrame:
    """Predict the shares of later images from the first three iterations."""
    own = shares[shares["annotator"].astype(str) != DATASET]
    each = with_progress("Predicting shares")
    return as_result(predicted_shares_table([*panels.values()], own, markov_tests, settings.resampling, each))


def arrange_ratings(
    ratings: pd.DataFrame,
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    annotation: AnnotationSettings,
    dataset: DatasetSettings,
    loop: LoopSettings,
    rating: RatingSettings,
    study_pictures: StudyPictures,
) -> Ratings:
    """Arrange the ratings of people by picture and attribute, with the strata of the rated sample."""
    if ratings.empty:
        return Ratings(NOBODY, NOBODY, chains["chain_id"])
    form = form_of(annotation, dataset.words)
    items = all_items(chains, loop.iterations, study_pictures)
    labels = labels_of(annotations, people, chains, items, ratings, asked_for(form), {})
    return checked(labels, sampling_strata(annotations, chains, people, rating.sampler), chains)


def correct_shares(panels: Panels, arranged_ratings: Ratings, settings: ReportSettings) -> pd.DataFrame:
    """Correct shares for the annotator's error."""
    each = with_progress("Correcting shares")
    return as_result(corrected_table([*panels.values()], settings.resampling, arranged_ratings, each))


def arrange_reference(annotations: pd.DataFrame, chains: pd.DataFrame, settings: ReportSettings) -> Ratings:
    """Arrange the answers of the reference annotator, if the study names one.

    Raises:
        StudyError: if there is no such annotator, or the report measures it already.
    """
    return reference_answers(annotations, chains, settings.reference_annotator, settings.annotator, settings.reading)


def correct_drift(
    panels: Panels, arranged_ratings: Ratings, settings: ReportSettings, reference: Ratings | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Correct the drift for the annotator's error, and test whether the corrections contradict the annotator's drift.

    If ratings and a reference annotator both correct a share, ratings lead.
    """
    each = with_progress("Correcting drift")
    methods = _corrections(arranged_ratings, reference, settings)
    # Each method corrects the same shares, so its tests are a family of their own.
    drift, bias = (
        [
            with_adjusted_p_values(make([*panels.values()], given, each, method), settings.fdr_family)
            for method, given in methods.items()
        ]
        for make in (corrected_drift_table, bias_table)
    )
    return as_result(leading_first(drift)), as_result(pd.concat([table for table in bias if len(table)] or bias[:1]))


def compare_starts(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Test whether chains from images and chains from prompts have the same shares."""
    table = start_tests_table([*panels.values()], settings.resampling, with_progress("Comparing starts"))
    return as_result(with_adjusted_p_values(table, settings.fdr_family))


def measure_published_drift() -> pd.DataFrame:
    """Compute the measures of drift from the published study's percentages."""
    return as_result(published_drift())


def measure_success(
    panels: Panels, predictions: pd.DataFrame, chains: pd.DataFrame, settings: ReportSettings
) -> pd.DataFrame:
    """Measure how often the describer names the label in its text, by category of the person."""
    of_text = predictions[predictions["reading"] == "text"]
    each = with_progress("Measuring success")
    table = success_table(of_text, chains, [*panels.values()], settings.resampling, each)
    return as_result(with_adjusted_p_values(table, settings.fdr_family))


def measure_intersections(
    panels: Panels,
    annotations: pd.DataFrame,
    predictions: pd.DataFrame,
    chains: pd.DataFrame,
    settings: ReportSettings,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure shares, changes and success of crossed attributes.

    Raises:
        StudyError: if the settings name an unknown attribute.
    """
    pairs = crossed_attributes(settings, panels)
    crossed = crossed_panels(panels, pairs)
    each = with_progress("Measuring intersections")
    changes = intersections_table([(panels[a], panels[b]) for a, b in pairs], settings.resampling, each)
    return (
        measure_shares(crossed, annotations, settings),
        as_result(with_adjusted_p_values(changes, settings.fdr_family)),
        measure_success(crossed, predictions, chains, settings),
    )


def compare_success(
    panels: Panels,
    predictions: pd.DataFrame,
    chains: pd.DataFrame,
    arranged_ratings: Ratings,
    settings: ReportSettings,
    reference: Ratings | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the success of groups, adjusted for the label, and measure changes from the first image to the last.

    If ratings and a reference annotator both correct a comparison, ratings lead.
    """
    of_text = predictions[predictions["reading"] == "text"]
    each = with_progress("Comparing success")
    tables = [
        make(of_text, chains, [*panels.values()], _corrections(arranged_ratings, reference, settings), each)
        for make in (success_differences_table, success_changes_table)
    ]
    family = [*settings.fdr_family, "method"]
    differences, changes = (as_result(with_adjusted_p_values(table, family)) for table in tables)
    return differences, changes


def measure_power(panels: Panels) -> pd.DataFrame:
    """Compute the smallest detectable drift for the number of chains."""
    return as_result(power_table([*panels.values()]))


def measure_missing_answers(
    panels: Panels,
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    study_pictures: StudyPictures,
    loop: LoopSettings,
    settings: ReportSettings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure missing answers, and bound the shares of all attributes, crossed ones included."""
    own = measured_answers(annotations, settings.annotator, settings.reading)
    # An attribute that the annotator does not label lacks no answer.
    labelled = set(own["attribute"].astype(str)) or set(panels)
    asked = {name: panel for name, panel in panels.items() if name in labelled}
    existing = [
        (chain.chain_id, one.iteration) for chain, one in study_pictures.along(chains_of(chains), loop.iterations)
    ]
    pictures = pd.DataFrame(existing, columns=["chain_id", "iteration"]).astype({"iteration": "int64"})
    kinds = answer_kinds(own, chains, list(asked), loop.iterations, pictures)
    each = with_progress("Measuring missing answers")
    missing = missing_answers_table([*asked.values()], kinds, settings.resampling, each)
    crossed = crossed_panels(panels, crossed_attributes(settings, panels))
    bounds = share_bounds_table([*panels.values(), *crossed.values()])
    return as_result(with_adjusted_p_values(missing, [*settings.fdr_family, "kind"])), as_result(bounds)


def judge_changes(
    drift: pd.DataFrame,
    power: pd.DataFrame,
    shares: pd.DataFrame,
    corrected_drift: pd.DataFrame,
    share_bounds: pd.DataFrame,
    intersection_changes: pd.DataFrame,
    success_differences: pd.DataFrame,
    success_changes: pd.DataFrame,
    missing_answers: pd.DataFrame,
    frozen_plan: Mapping[str, Any],
) -> pd.DataFrame:
    """Judge all comparisons of the study together; planned hypotheses are a family of their own."""
    families = {
        SUCCESS: success_comparisons(success_differences, success_changes),
        INTERSECTIONS: intersection_changes,
        MISSING_ANSWERS: missing_changes(missing_answers),
    }
    planned = planned_hypotheses(frozen_plan)
    at_looks = bool(frozen_plan) and frozen_plan["plan"]["looks"] > 1
    return as_result(
        findings_table(drift, power, shares, corrected_drift, share_bounds, families, planned, at_looks=at_looks)
    )


def _corrections(ratings: Ratings, reference: Ratings | None, settings: ReportSettings) -> dict[str, Ratings]:
    """Return what corrects the annotator, by method, the preferred method first."""
    if reference is None or settings.reference_annotator is None:
        return {RATINGS: ratings}
    return {RATINGS: ratings, settings.reference_annotator: reference}
