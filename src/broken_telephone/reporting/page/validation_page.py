"""Writes the page of a validation: sentences and all tables, by question."""

from collections.abc import Mapping, Sequence

import pandas as pd

from broken_telephone.reporting.page.rendering import MOST_BYTES, rendered, too_large
from broken_telephone.reporting.page.sections import sections
from broken_telephone.reporting.page.shown_tables import shown_table
from broken_telephone.reporting.text.questions import METHODS, VALIDATION


def validation_page(
    study: str,
    studies: Mapping[str, str],
    sentences: Mapping[str, Sequence[str]],
    tables: Mapping[str, pd.DataFrame],
    most_bytes: int = MOST_BYTES,
) -> str:
    """Write the page.

    Args:
        study: name of the base study.
        studies: arm -> name of its study.
        sentences: topic -> sentences.
        tables: by name; empty ones are left out.
        most_bytes: upper limit of the page's size.

    Raises:
        StudyError: if the page is too large.
    """
    shown = [shown_table(name, table) for name, table in tables.items() if len(table)]
    arranged = sections(VALIDATION, sentences, (), shown)
    answered = {name: section for name, section in arranged.items() if section.has_answers or name == METHODS}
    page = rendered("validation.html", {"study": study, "studies": studies, "sections": answered})
    if len(page.encode()) > most_bytes:
        raise too_large(most_bytes, shown, [])
    return page
