"""Nodes of the reporting pipeline: what is measured."""

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
from broken_telephone.rating import all_items, rating_strata
from broken_telephone.reporting import ReportSettings
from broken_telephone.statistics import (
    Panel,
    Ratings,
    Resampling,
    adjusted,
    corrected_table,
    decomposition_table,
    drift_table,
    middle_years,
    panels,
    power_table,
    published_drift,
    shares_table,
    success_table,
    trajectories_table,
    unpaired_table,
)
from broken_telephone.statistics.estimates.panel import Map
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
    """Put one reading of every attribute, and what the data set says, into arrays."""
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
    """Measure what share every category has in every picture."""
    names = annotations["annotator"].dropna().unique()
    return as_result(
        shares_table([*panels.values()], f"{names[0] if len(names) else 'annotator'} ({settings.reading})")
    )


def measure_drift(
    panels: Panels, annotation: AnnotationSettings, dataset: DatasetSettings, settings: ReportSettings
) -> pd.DataFrame:
    """Measure and test how far every attribute drifted, and adjust the tests for their number."""
    form = form_of(annotation, dataset.words)
    years = {q.variable: middle_years(q.years, panels[q.variable].categories) for q in form.questions if q.years}
    last = max((panel.codes.shape[1] for panel in panels.values()), default=1)
    if beyond := [pair for pair in settings.iteration_pairs if pair[1] >= last]:
        raise StudyError(f"report.iteration_pairs: {beyond[0]} asks for more than the {last - 1} iterations there are")
    between = [(None, k) for k in range(1, last)] + [(first, second) for first, second in settings.iteration_pairs]
    table = drift_table([*panels.values()], between, _resampling(settings), years, _shown("Measuring drift"))
    return as_result(_adjusted(table, settings))


def take_apart(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Split the published comparison into the annotator's error and drift."""
    shown = _shown("Taking the comparison apart")
    return as_result(decomposition_table([*panels.values()], _resampling(settings), shown))


def follow_trajectories(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Find where the loop is heading, how fast, and whether it has arrived."""
    shown = _shown("Following trajectories")
    return as_result(trajectories_table([*panels.values()], _resampling(settings), settings.equivalence_margin, shown))


def arrange_ratings(
    ratings: pd.DataFrame,
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    annotation: AnnotationSettings,
    dataset: DatasetSettings,
    loop: LoopSettings,
    study_pictures: StudyPictures,
) -> Ratings:
    """Arrange what people say of the pictures they rated."""
    if ratings.empty:
        return Ratings(NOBODY, NOBODY, chains["chain_id"])
    form = form_of(annotation, dataset.words)
    items = all_items(chains, loop.iterations, study_pictures)
    labels = labels_of(annotations, people, chains, items, ratings, asked_for(form), {})
    return checked(labels, rating_strata(annotations, chains, people), chains)


def correct_shares(panels: Panels, arranged_ratings: Ratings, settings: ReportSettings) -> pd.DataFrame:
    """Correct shares for the annotator's error."""
    shown = _shown("Correcting shares")
    return as_result(corrected_table([*panels.values()], _resampling(settings), arranged_ratings, shown))


def compare_starts(panels: Panels, settings: ReportSettings) -> pd.DataFrame:
    """Test whether chains from images and from prompts lead to the same shares."""
    table = unpaired_table([*panels.values()], _resampling(settings), _shown("Comparing starts"))
    return as_result(_adjusted(table, settings))


def state_published() -> pd.DataFrame:
    """Put the published study's percentages through the same measures."""
    return as_result(published_drift())


def measure_success(
    panels: Panels, predictions: pd.DataFrame, chains: pd.DataFrame, settings: ReportSettings
) -> pd.DataFrame:
    """Measure how often the describer names the label in its text, by category of the person."""
    said = predictions[predictions["reading"] == "text"]
    shown = _shown("Measuring success")
    return as_result(_adjusted(success_table(said, chains, [*panels.values()], _resampling(settings), shown), settings))


def measure_power(panels: Panels) -> pd.DataFrame:
    """Find the smallest drift that so many chains could show."""
    return as_result(power_table([*panels.values()]))


def _adjusted(table: pd.DataFrame, settings: ReportSettings) -> pd.DataFrame:
    """Put adjusted p-values beside the raw ones."""
    family = [name for name in settings.fdr_family if name in table]
    table.insert(table.columns.get_loc("p_value") + 1, "p_adjusted", adjusted(table, family))
    return table


def _resampling(settings: ReportSettings) -> Resampling:
    return Resampling(settings.n_bootstrap, settings.seed)


def _shown(what: str) -> Map:
    """Go through groups in threads, which numpy leaves free to work side by side, and show how far it is."""

    def each(function: Callable[..., Any], groups: list[Any]) -> Iterator[Any]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            yield from track(pool.map(function, groups), what, len(groups))

    return each
