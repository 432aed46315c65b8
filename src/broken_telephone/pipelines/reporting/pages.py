"""Nodes of the reporting pipeline that write figures, LaTeX tables and the page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from broken_telephone.annotation import annotators_of, headline, measured_answers
from broken_telephone.datasets import StageStore
from broken_telephone.figure_files import FigureFiles
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.labels import Variable
from broken_telephone.loop import LoopSettings
from broken_telephone.pictures import LONGEST, StudyPictures, at_most
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.own_colours import own_colours
from broken_telephone.reporting.figures.saved_figures import Files, saved_figures
from broken_telephone.reporting.first_screen import StudyContent, first_screen
from broken_telephone.reporting.first_screen.phrases import adjectives
from broken_telephone.reporting.first_screen.strips import ChainPictures
from broken_telephone.reporting.first_screen.study_facts import StudySource, is_rendered
from broken_telephone.reporting.page.chain_browser import chain_browser
from broken_telephone.reporting.page.latex import drift_tables
from broken_telephone.reporting.page.motif_pictures import shown_motifs
from broken_telephone.reporting.page.page import report_page
from broken_telephone.reporting.text.annotators import unlabelled_sentences
from broken_telephone.reporting.text.summary import summary
from broken_telephone.tables import with_plain_numbers


def draw_figures(dataset: DatasetSettings, figure_store: StageStore, **tables: pd.DataFrame) -> FigureFiles:
    """Draw all figures in all formats, except those that an earlier run drew from the same tables."""
    plain = {name: with_plain_numbers(table) for name, table in tables.items()}
    return saved_figures(figures(plain, own_colours(dataset.attributes)), figure_store.report)


def write_latex(study: str, drift: pd.DataFrame, findings: pd.DataFrame) -> str:
    """Write the drift tables for a paper."""
    return drift_tables(study, with_plain_numbers(drift), with_plain_numbers(findings))


def write_report(
    study: str,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    annotations: pd.DataFrame,
    study_pictures: StudyPictures,
    dataset: DatasetSettings,
    chain_settings: ChainSettings,
    loop: LoopSettings,
    generator: Mapping[str, Any],
    describer: Mapping[str, Any],
    settings: ReportSettings,
    report_figures: Mapping[str, Files],
    loop_manifest: Mapping[str, Any],
    annotation_manifest: Mapping[str, Any],
    similarity_manifest: Mapping[str, Any],
    explanation_manifest: Mapping[str, Any],
    explanation_figures: Mapping[str, Files],
    data_root: str = "",
    **tables: pd.DataFrame,
) -> str:
    """Write the report: sentences, figures and tables by question, chains and records of the runs."""
    tables = {name: with_plain_numbers(table) for name, table in tables.items()}
    measured = annotators_of(headline(annotations, settings.annotator))[:1]
    originals, drawn = (at_most(some, LONGEST) for some in (study_pictures.originals, study_pictures.drawn))
    browser = chain_browser(
        chains,
        loop_descriptions,
        annotations,
        people,
        originals,
        drawn,
        loop.iterations,
        settings.browsed_chains,
        settings.seed,
        settings.reading,
        measured,
        loop.thinned_iterations,
    )
    report = {"written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "settings": settings.model_dump()}
    manifests = {
        "loop": loop_manifest,
        "annotation": annotation_manifest,
        "similarity": similarity_manifest,
        "explanation": explanation_manifest,
        "report": report,
    }
    concept, words = chain_settings.concept, dataset.words
    figures_by_name = {**report_figures, **explanation_figures}
    of_form = tables["shares"]["attribute"].astype(str) if len(tables["shares"]) else ()
    unlabelled = [sentence for name in measured for sentence in unlabelled_sentences(annotations, name, of_form)]
    sentences = summary(tables, margin=settings.equivalence_margin, unlabelled=unlabelled)
    motifs = shown_motifs(tables["attractors"], set(chains["chain_id"].astype(str)), drawn)
    answers = measured_answers(annotations, settings.annotator, settings.reading)
    browsed = [str(chain["chain"]) for chain in browser.chains]
    content = StudyContent(
        StudySource(
            words.name,
            data_root,
            concept,
            loop.iterations,
            settings.reading,
            is_rendered(data_root),
            *(str(model.get("path") or "") for model in (describer, generator)),
        ),
        ChainPictures(chains, answers, originals, drawn, loop.thinned_iterations, browsed, settings.seed),
        tables,
        manifests,
        [*measured, *(name for name in annotators_of(annotations) if name not in measured)],
        adjectives(concept, words.concepts.get(concept, Variable(()))),
    )
    return report_page(
        study,
        tables,
        figures_by_name,
        browser,
        manifests,
        sentences,
        f"{words.name.lower()}_{concept}",
        motifs,
        own_colours=own_colours(dataset.attributes),
        first_screen=first_screen(content, figures_by_name),
    )
