"""Nodes of the reporting pipeline: what people look at."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from PIL import Image

from broken_telephone.relay import LoopSettings
from broken_telephone.report import (
    ReportSettings,
    agreement_figure,
    chain_browser,
    drift_tables,
    figures,
    report_page,
    summary,
)
from broken_telephone.tables import with_plain_numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Images = Mapping[str, Callable[[], Image.Image]]


def draw_figures(study: str, **tables: pd.DataFrame) -> tuple["dict[str, Figure]", "dict[str, Figure]"]:
    """Draw all figures, to be saved and to be shown in the report."""
    tables = {name: with_plain_numbers(table) for name, table in tables.items()}
    drawn = figures(tables)
    if len(tables["agreement"]):
        drawn["agreement"] = agreement_figure(study, tables["agreement"], tables["agreement_confusions"])
    return drawn, drawn


def write_latex(study: str, drift: pd.DataFrame, power: pd.DataFrame) -> str:
    """Write the tables of drift for a paper."""
    return drift_tables(study, with_plain_numbers(drift), with_plain_numbers(power))


def write_report(
    study: str,
    chains: pd.DataFrame,
    people: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    annotations: pd.DataFrame,
    originals: Images,
    loop_images: Images,
    loop: LoopSettings,
    settings: ReportSettings,
    drawn: Mapping[str, Any],
    loop_manifest: Mapping[str, Any],
    annotation_manifest: Mapping[str, Any],
    similarity_manifest: Mapping[str, Any],
    **tables: pd.DataFrame,
) -> str:
    """Write the report: what was found, in words, figures, tables and chains, and how it was come by."""
    tables = {name: with_plain_numbers(table) for name, table in tables.items()}
    browser = chain_browser(
        chains,
        loop_descriptions,
        annotations,
        people,
        originals,
        loop_images,
        loop.iterations,
        settings.browsed,
        settings.seed,
        settings.reading,
    )
    manifests = {"loop": loop_manifest, "annotation": annotation_manifest, "similarity": similarity_manifest}
    return report_page(study, tables, drawn, browser, manifests, summary(tables))
