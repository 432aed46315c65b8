"""Nodes of the comparison pipeline that write figures, LaTeX tables and the page."""

from collections.abc import Mapping

import pandas as pd
from PIL import Image

from broken_telephone.comparison import ComparisonSettings, FinishedStudy, Pairing, Studies, differing_settings
from broken_telephone.datasets import StageStore
from broken_telephone.datasets.folder import Files as Pictures
from broken_telephone.errors import StudyError
from broken_telephone.figure_files import FigureFiles
from broken_telephone.pictures import LONGEST, at_most
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.figures.comparison_figures import comparison_figures
from broken_telephone.reporting.figures.saved_figures import Files, saved_figures
from broken_telephone.reporting.page.comparison_page import comparison_page
from broken_telephone.reporting.page.contrast_latex import contrast_tables
from broken_telephone.reporting.page.side_by_side import Source, side_by_side
from broken_telephone.reporting.text.comparison import comparison_summary
from broken_telephone.reporting.text.comparison_overview import comparison_overview
from broken_telephone.reporting.text.contrast_names import claims_first
from broken_telephone.tables import with_plain_numbers


def draw_comparison(contrasts: pd.DataFrame, effects: pd.DataFrame, figure_store: StageStore) -> FigureFiles:
    """Draw all figures in all formats, except those that an earlier run drew from the same tables."""
    plans = comparison_figures(with_plain_numbers(contrasts), with_plain_numbers(effects))
    return saved_figures(plans, figure_store.comparison)


def write_contrasts(study: str, contrasts: pd.DataFrame) -> str:
    """Write the contrasts for a paper."""
    return contrast_tables(study, with_plain_numbers(contrasts))


def write_comparison(
    study: str,
    comparison: ComparisonSettings,
    settings: ReportSettings,
    studies: Studies,
    study_pairing: Pairing,
    originals: Pictures[Image.Image],
    drawn: Mapping[str, Files],
    **tables: pd.DataFrame,
) -> str:
    """Write the page.

    Raises:
        StudyError: if none of the originals to show is below `data_root`.
    """
    tables = {name: with_plain_numbers(table) for name, table in tables.items()}
    reference = comparison.reference_arm
    sources = {arm: _source(one, study_pairing, settings.reading) for arm, one in studies.items()}
    chains = side_by_side(
        sources,
        reference,
        at_most(originals, LONGEST),
        study_pairing.images,
        comparison.shown_chains,
        settings.seed,
    )
    shown_originals = [chain.original for chain in chains if chain.original is not None]
    if shown_originals and not any(original.picture for original in shown_originals):
        raise StudyError(
            "None of the originals of the chains is below data_root. State the folder of the studies' data set: "
            "`data_root: <folder>` in the parameters.yml of the comparison, as in those of the studies"
        )
    differing = differing_settings({arm: one.settings for arm, one in studies.items()})
    summary = comparison_summary(
        tables, differing, reference, settings.equivalence_margin, exchanged=comparison.exchanged
    )
    overview = comparison_overview(tables, differing, reference, settings.equivalence_margin)
    tables["contrasts"] = claims_first(tables["contrasts"])
    total = len(study_pairing.chains[reference])
    arms = comparison.arms
    return comparison_page(study, arms, reference, overview, summary, differing, drawn, chains, total, tables)


def _source(study: FinishedStudy, pairing: Pairing, reading: str) -> Source:
    answers = study.results.annotations
    instrument = pairing.instruments[study.arm].annotator
    own = answers[(answers["annotator"] == instrument) & (answers["reading"] == reading)]
    images = at_most(study.results.loop_images, LONGEST)
    return Source(pairing.chains[study.arm], study.results.loop_descriptions, own, images)
