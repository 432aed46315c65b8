"""Answers and descriptions that were imported: they stand among the questions, and no model is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from broken_telephone.annotation.annotator_choice import check_names
from broken_telephone.annotation.questions import FREE, LAST, Inquiry
from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.annotation.study_form import form_of, published_form_of
from broken_telephone.chains import key
from broken_telephone.errors import StudyError
from broken_telephone.execution.journal import Record
from broken_telephone.labels import Form, Scheme, is_refusal
from broken_telephone.seeds import digest

IMPORTED = "imported"
"""The model of a question whose answers were imported."""
_READINGS = {"form": FREE, "description": LAST}
"""Kind of an imported answer -> the reading that it is."""
_UNKNOWN = "unknown describer"
_TABLE = "table"
"""The layout of a plain table. Its answers are to the form of the study, those of all other layouts to the published
form."""


def with_imported(
    inquiries: Sequence[Inquiry], loop_settings: Mapping[str, Any], settings: AnnotationSettings, scheme: Scheme
) -> list[Inquiry]:
    """Return the questions of a study; those of an imported one include what was imported.

    The last descriptions of an imported study are those of its results: another describer would not do. Its answers to
    the form come from a further annotator.

    Args:
        inquiries: the questions to models.
        loop_settings: as sealed; `import` states the names of the annotator and the describer.
        settings: of the annotation.
        scheme: the data set's.

    Raises:
        StudyError: if the name of the imported annotator is not allowed, or is the name of another one.
    """
    imported = loop_settings.get("import")
    if imported is None:
        return list(inquiries)
    by = str(imported["annotator"])
    check_names(inquiries[0].by, [by], "import.annotator")
    if by in {inquiry.by for inquiry in inquiries}:
        raise StudyError(f"import.annotator: {by!r} is the name of another annotator. Choose another name")
    asked = [inquiry for inquiry in inquiries if inquiry.reading != LAST]
    last = _imported("last", LAST, imported["describer"] or _UNKNOWN, imported["describer"], ())
    form = form_of(settings, scheme) if imported.get("layout") == _TABLE else published_form_of(settings, scheme)
    return [*asked, last, _imported(f"{FREE} by {by}", FREE, by, by, (form,))]


def _imported(name: str, reading: str, by: str, model: str | None, forms: Sequence[Form]) -> Inquiry:
    settings = {"imported": reading, "model": model or f"unknown ({name})"}
    identity = digest(IMPORTED, name, size=6)
    return Inquiry(name, reading, IMPORTED, by, settings, (), forms, identity, lambda _: identity)


def models_only(inquiries: Sequence[Inquiry]) -> list[Inquiry]:
    """Return the questions that a model is asked."""
    return [inquiry for inquiry in inquiries if inquiry.model != IMPORTED]


def imported_answers(
    inquiries: Sequence[Inquiry], answers: pd.DataFrame | None, chains: pd.DataFrame, loop_settings: Mapping[str, Any]
) -> dict[str, dict[str, Record]]:
    """Return question -> picture -> imported answer; nothing for a study that was not imported.

    Args:
        inquiries: all questions.
        answers: the `imported_answers` table; None if there is none.
        chains: the `chains` table.
        loop_settings: as sealed.
    """
    names = {inquiry.reading: inquiry.name for inquiry in inquiries if inquiry.model == IMPORTED}
    if answers is None or not names:
        return {}
    originals = dict(zip(chains["chain_id"].astype(str), chains["image_path"].astype(object), strict=True))
    by_name: dict[str, dict[str, Record]] = {name: {} for name in names.values()}
    columns = (answers[name].to_list() for name in ("chain_id", "iteration", "kind", "text"))
    for chain_id, iteration, kind, text in zip(*columns, strict=True):
        if chain_id in originals:
            picture = key(chain_id, int(iteration)) if iteration else f"0/{originals[chain_id]}"
            # Whether a token limit cut the text is unknown.
            answer = {"text": text, "tokens": None, "truncated": None, "refused": is_refusal(text)}
            if kind == "description":
                answer["describer"] = loop_settings["import"]["describer"]
            by_name[names[_READINGS[kind]]][picture] = answer
    return by_name
