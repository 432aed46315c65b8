"""Nodes of the reporting pipeline that compute the tables of results."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from broken_telephone.annotation import AnnotationSettings, asked_for, checked, comparable, form_of, labels_of
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.pictures import StudyPictures
from broken_telephone.progress import track
from broken_telephone.rating import RatingSettings, all_items, sampling_strata
from broken_telephone.reporting import ReportSettings
from broken_telephone.statistics import (
    Map,
    Panel,
    Ratings,
    age_midpoints,
    bias_table,
    corrected_drift_table,
    corrected_table,
    decomposition_table,
    drift_table,
    panels,
    power_table,
    published_drift,
    shares_table,
    start_tests_table,
    success_table,
    trajectories_table,
    with_adjusted_p_values,
)
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
        StudyError: if the annotator has no such reading.
    """
    if settings.reading not in annotation.readings:
        raise StudyError(
            f"report.reading: {settings.reading!r} is none of annotation.readings ({', '.join(annotation.readings)})"
        )
    form = form_of(annotation, dataset.words)
    main = people[people["is_main"]].set_index("image_id")
    stated = {name: main[name].astype(object) for name in comparable(form, dataset.words) if name in main}
    read = annotations[annotations["reading"] == settings.reading]
    return panels(read, chains, asked_for(form), loop.iterations, stated)


def measure_shares(panels: Panels, annotations: pd.DataFrame, settings: ReportSettings) -> pd.DataFrame:
    """Measure the share of each category in each picture."""
    names = [*annotations["annotator"].dropna().unique(), "annotator"]
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
    pairs = [(None, k) for k in range(1, width)] + [(first, second) for first, second in settings.iteration_pairs]
    table = drift_table([*panels.values()], pairs, settings.resampling, years, _with_progress("Measuring drift"))
    return as_result(with_adjusted_p_values(table, settings.fdr_family))


def decompose_comparison(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Split the published comparison into the annotator's error and drift."""
    each = _with_progress("Decomposing the comparison")
    return as_result(decomposition_table([*panels.values()], settings.resampling, each))


def estimate_trajectories(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Estimate the fixed point of the loop, its half-life, and whether the drift has settled."""
    each = _with_progress("Estimating trajectories")
    return as_result(trajectories_table([*panels.values()], settings.resampling, settings.equivalence_margin, each))


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
    each = _with_progress("Correcting shares")
    return as_result(corrected_table([*panels.values()], settings.resampling, arranged_ratings, each))


def correct_drift(
    panels: Panels, arranged_ratings: Ratings, settings: ReportSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Correct the drift for the annotator's error, and test whether ratings contradict the annotator's drift."""
    each = _with_progress("Correcting drift")
    tables = [make([*panels.values()], arranged_ratings, each) for make in (corrected_drift_table, bias_table)]
    drift, bias = (as_result(with_adjusted_p_values(table, settings.fdr_family)) for table in tables)
    return drift, bias


def compare_starts(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Test whether chains from images and chains from prompts have the same shares."""
    table = start_tests_table([*panels.values()], settings.resampling, _with_progress("Comparing starts"))
    return as_result(with_adjusted_p_values(table, settings.fdr_family))


def measure_published_drift() -> pd.DataFrame:
    """Compute the measures of drift from the published study's percentages."""
    return as_result(published_drift())


def measure_success(
    panels: Panels, predictions: pd.DataFrame, chains: pd.DataFrame, settings: ReportSettings
) -> pd.DataFrame:
    """Measure how often the describer names the label in its text, by category of the person."""
    of_text = predictions[predictions["reading"] == "text"]
    each = _with_progress("Measuring success")
    table = success_table(of_text, chains, [*panels.values()], settings.resampling, each)
    return as_result(with_adjusted_p_values(table, settings.fdr_family))


def measure_power(panels: Panels) -> pd.DataFrame:
    """Compute the smallest detectable drift for the number of chains."""
    return as_result(power_table([*panels.values()]))


def _with_progress(description: str) -> Map:
    """Return a `map` that uses threads, because numpy releases the interpreter lock, and that shows progress."""

    def each(function: Callable[..., Any], groups: list[Any]) -> Iterator[Any]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            yield from track(pool.map(function, groups), description, len(groups))

    return each
