"""Gathers what the first screen of the report shows from the inputs of its node."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.annotation import annotators_of, headline, measured_answers
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.labels import Variable
from broken_telephone.loop import LoopSettings
from broken_telephone.pictures import LONGEST, StudyPictures, at_most
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.first_screen import FirstScreen, StudyContent, first_screen
from broken_telephone.reporting.first_screen.phrases import adjectives
from broken_telephone.reporting.first_screen.strips import ChainPictures
from broken_telephone.reporting.first_screen.study_facts import StudySource

_TRUTH = ("truth/people.csv", "truth/regions")
"""What only the renderer of the embedded data sets writes: attributes of the rendered people, and their regions."""


def opening_screen(
    data_root: str,
    chains: pd.DataFrame,
    annotations: pd.DataFrame,
    study_pictures: StudyPictures,
    dataset: DatasetSettings,
    chain_settings: ChainSettings,
    loop: LoopSettings,
    settings: ReportSettings,
    tables: Mapping[str, pd.DataFrame],
    manifests: Mapping[str, Mapping[str, Any]],
    figures: Collection[str],
    browsed: Collection[str],
) -> FirstScreen:
    """Return the first screen of a study.

    Args:
        data_root: folder of the data set.
        chains: the `chains` table.
        annotations: the `annotations` table.
        study_pictures: originals and drawn images.
        dataset: settings of the data set.
        chain_settings: settings of the chains.
        loop: settings of the loop.
        settings: settings of the report.
        tables: tables of results by name.
        manifests: records of the runs by name.
        figures: names of the report's figures.
        browsed: chains that the report shows as a whole.
    """
    concept, words = chain_settings.concept, dataset.words
    originals, drawn = (at_most(some, LONGEST) for some in (study_pictures.originals, study_pictures.drawn))
    answers = measured_answers(annotations, settings.annotator, settings.reading)
    measured = annotators_of(headline(annotations, settings.annotator))[:1]
    content = StudyContent(
        StudySource(words.name, data_root, concept, loop.iterations, settings.reading, is_rendered(data_root)),
        ChainPictures(chains, answers, originals, drawn, loop.thinned_iterations, browsed, settings.seed),
        tables,
        manifests,
        [*measured, *(name for name in annotators_of(annotations) if name not in measured)],
        adjectives(concept, words.concepts.get(concept, Variable(()))),
    )
    return first_screen(content, figures)


def is_rendered(data_root: str) -> bool:
    """Return whether a data set has rendered people, as the embedded ones do.

    Args:
        data_root: folder of the data set; empty without one.
    """
    return bool(data_root) and all((Path(data_root) / name).exists() for name in _TRUTH)
