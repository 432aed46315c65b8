"""Writes the page of a comparison: an overview, sentences, settings that differ, figures, the same chains, tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from broken_telephone.reporting.figures.saved_figures import Files
from broken_telephone.reporting.page.rendering import MOST_BYTES, rendered, too_large
from broken_telephone.reporting.page.sections import sections
from broken_telephone.reporting.page.shown_figures import shown_figures
from broken_telephone.reporting.page.shown_tables import shown_table
from broken_telephone.reporting.page.side_by_side import SharedChain, within
from broken_telephone.reporting.text.comparison_overview import Overview
from broken_telephone.reporting.text.questions import CHAINS, CHANGED, COMPARISON, METHODS
from broken_telephone.reporting.text.wording import counted

_ALWAYS = (CHANGED, CHAINS, METHODS)
"""Sections that say so if they are empty."""


def comparison_page(
    study: str,
    studies: Mapping[str, str],
    reference: str,
    overview: Overview,
    summary: Mapping[str, Sequence[str]],
    settings: pd.DataFrame,
    figures: Mapping[str, Files],
    chains: Sequence[SharedChain],
    total: int,
    tables: Mapping[str, pd.DataFrame],
    most_bytes: int = MOST_BYTES,
) -> str:
    """Write the page.

    Args:
        study: name of the comparison.
        studies: name on the page -> name of the study.
        reference: the study that all others are compared with.
        overview: of the first screen.
        summary: topic -> sentences.
        settings: the settings that differ: column `setting`, and a column for each study.
        figures: by name, as `saved_figures` returns them.
        chains: the same chains in all studies; the page shows fewer if it would become too large.
        total: number of chains that are compared.
        tables: by name; empty ones are left out.
        most_bytes: upper limit of the page's size.

    Raises:
        StudyError: if the page is too large even without chains.
    """
    drawn = shown_figures(figures, overview.left_out_starts)
    shown = [shown_table(name, table) for name, table in tables.items() if len(table)]
    arranged = sections(COMPARISON, summary, drawn, shown)
    content: dict[str, Any] = {
        "study": study,
        "studies": studies,
        "reference": reference,
        "overview": overview,
        "others": [arm for arm in studies if arm != reference],
        "settings": settings.to_dict("records"),
        "total": total,
        "sections": {name: one for name, one in arranged.items() if one.has_answers or name in _ALWAYS},
    }
    # The page is rendered twice, because the size without chains determines the room for them.
    room = most_bytes - len(_rendered(content, []).encode()) - 10_000
    if room < 0:
        raise too_large(most_bytes, shown, drawn)
    return _rendered(content, within(chains, room))


def _rendered(content: Mapping[str, Any], chains: Sequence[SharedChain]) -> str:
    return rendered("comparison.html", content, chains=chains, sampled=counted(len(chains), "chain"))
