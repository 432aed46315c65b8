"""Nodes of the counterfactuals pipeline."""

import logging
from collections.abc import Iterator, Mapping
from typing import cast

import pandas as pd
from PIL import Image

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.annotation.questions import Inquiry, inquiries
from broken_telephone.annotation.run import annotate, answers_to
from broken_telephone.annotation.tables import categories_of
from broken_telephone.counterfactuals import (
    CounterfactualSettings,
    Original,
    checked_originals,
    data_set_files,
    edit_originals,
    edited_pictures,
    originals_of,
    outcome_sentence,
)
from broken_telephone.counterfactuals.checking import EXCHANGED, KEPT, LEFT_OUT
from broken_telephone.datasets import StageStore
from broken_telephone.datasets.folder import Files
from broken_telephone.errors import StudyError
from broken_telephone.execution.journal import Record, Records
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.models import Annotator, Describer, Editor
from broken_telephone.models.describers.describer_checks import CLOSED
from broken_telephone.pictures import Picture, StudyPictures

logger = logging.getLogger(__name__)

Pictures = Files[Image.Image]
_ADVICE = "Name a local model, an endpoint that states probabilities, or a classifier as the annotator"


def choose_originals(
    chains: pd.DataFrame,
    people: pd.DataFrame,
    settings: CounterfactualSettings,
    chain_settings: ChainSettings,
    dataset: DatasetSettings,
    annotation: AnnotationSettings,
    annotator: Annotator,
) -> tuple[list[Original], Inquiry]:
    """Choose the originals to change, and state what the annotator is asked about them.

    Raises:
        StudyError: if the target is not stated or nothing is to be changed, or the annotator cannot check it.
    """
    scheme = dataset.words
    target = settings.target(scheme)
    if hasattr(annotator, "look_up"):
        raise StudyError(f"counterfactuals: {annotator.name} is a table, which knows no changed pictures. {_ADVICE}")
    asked = annotation.model_copy(update={"readings": ["closed"], "starts_per_label": {}})
    # The describer is not asked, and what the loop does with the originals does not matter here.
    describer = cast(Describer, annotator)
    inquiry = inquiries(asked, scheme, chain_settings.concept, "", annotator, describer, {})[0]
    options = {question.variable: question.options.values() for form in inquiry.forms for question in form.questions}
    if target[1] not in options.get(target[0], ()):
        raise StudyError(
            f"counterfactuals.attribute: the annotator is not asked for {target[0]} {target[1]!r} (annotation.form "
            f"asks for: {', '.join(options)}), so that nobody can check the changed originals"
        )
    if chain_settings.concept not in options:
        raise StudyError(
            f"counterfactuals: {annotator.name} does not label {chain_settings.concept}, so that nobody can check "
            f"whether labels stayed. {_ADVICE} that labels it"
        )
    return originals_of(chains, people, settings, target, chain_settings.seed), inquiry


def change_originals(
    changed_originals: list[Original],
    settings: CounterfactualSettings,
    editor: Editor,
    annotator: Annotator,
    inquiry: Inquiry,
    originals: Pictures,
    counterfactual_store: StageStore,
) -> Iterator[tuple[Mapping[str, bytes], Mapping[str, Record], Mapping[str, Record]]]:
    """Change the originals; Kedro saves every batch as soon as it is done, its pictures first.

    Raises:
        StudyError: if there is anything to change, and the annotator's own checks find it unable to label the result.
    """
    pictures, _ = edited_pictures(changed_originals, settings, editor, counterfactual_store.batches)
    if len(pictures) < len(changed_originals):
        _refuse_unable(annotator, inquiry)
    yield from edit_originals(changed_originals, settings, editor, originals, counterfactual_store.batches)


def ask_about_originals(
    changed_originals: list[Original],
    settings: CounterfactualSettings,
    annotation: AnnotationSettings,
    editor: Editor,
    annotator: Annotator,
    inquiry: Inquiry,
    originals: Pictures,
    counterfactual_images: Pictures,
    counterfactual_batches: Records,
    counterfactual_store: StageStore,
) -> Iterator[tuple[Mapping[str, Record], Mapping[str, Record]]]:
    """Ask the annotator about the changed pictures and their originals."""
    pictures, _ = edited_pictures(changed_originals, settings, editor, counterfactual_batches)
    study = StudyPictures(originals, counterfactual_images, {})
    asked = _asked_about(changed_originals, pictures)
    journal = counterfactual_store.answers
    yield from annotate(asked, [inquiry], annotation, {"annotator": annotator}, study, journal)


def write_counterfactuals(
    chains: pd.DataFrame,
    people: pd.DataFrame,
    changed_originals: list[Original],
    settings: CounterfactualSettings,
    dataset: DatasetSettings,
    editor: Editor,
    inquiry: Inquiry,
    originals: Pictures,
    counterfactual_images: Pictures,
    counterfactual_batches: Records,
    counterfactual_answers: Records,
) -> tuple[pd.DataFrame, dict[str, bytes]]:
    """Write what became of each original, and the data set of those that passed the check.

    Raises:
        StudyError: if no changed original passed.
    """
    scheme = dataset.words
    target = settings.target(scheme)
    pictures, failures = edited_pictures(changed_originals, settings, editor, counterfactual_batches)
    asked = _asked_about(changed_originals, pictures)
    given = answers_to(inquiry, counterfactual_answers, asked)
    categories = {name: categories_of(inquiry, answer) for name, answer in given.items()}
    answers = {
        original.name: (categories.get(before.name), categories.get(pictures[original.name].name))
        for original, before in zip(_with_picture(changed_originals, pictures), asked[0], strict=True)
    }
    table = checked_originals(chains, people, changed_originals, failures, answers, target)
    sentence = outcome_sentence(table, target)
    if not (table["outcome"] == EXCHANGED).any():
        raise StudyError(
            f"{sentence}. No changed original passed the check: change counterfactuals.strength or "
            "counterfactuals.prompt, or name another model in counterfactuals.model"
        )
    (logger.warning if (table["outcome"] == LEFT_OUT).any() else logger.info)("%s", sentence)
    contents = {
        str(row.image_id): originals.content(str(row.image_path))
        if row.outcome == KEPT
        else counterfactual_images.content(pictures[str(row.image_id)].source_key)
        for row in table[table["outcome"] != LEFT_OUT].itertuples(index=False)
    }
    return table, data_set_files(table, people, tuple(scheme.variables), target, contents)


def _refuse_unable(annotator: Annotator, inquiry: Inquiry) -> None:
    check = getattr(annotator, "check", None)
    if check is None:
        return
    annotator.load()
    try:
        lacking = [one for one in check(inquiry.asked[0].prompt) if one.ability == CLOSED and not one.works]
    finally:
        # The editor needs the memory.
        annotator.release()
    if lacking:
        raise StudyError(
            f"counterfactuals: {annotator.name} cannot check the changed pictures: {lacking[0].note}. {_ADVICE}"
        )


def _with_picture(changed_originals: list[Original], pictures: Mapping[str, Picture]) -> list[Original]:
    return [original for original in changed_originals if original.name in pictures]


def _asked_about(changed_originals: list[Original], pictures: Mapping[str, Picture]) -> dict[int, list[Picture]]:
    """Return the originals that have a changed picture (0), and those pictures (1), in the same order."""
    both = _with_picture(changed_originals, pictures)
    before = [Picture(f"0/{one.path}", 0, one.path, one.digest) for one in both]
    return {0: before, 1: [pictures[one.name] for one in both]}
