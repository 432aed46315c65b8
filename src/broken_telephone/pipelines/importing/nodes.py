"""Nodes of the import pipeline."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.annotation.annotator_choice import check_names
from broken_telephone.datasets import StageStore
from broken_telephone.errors import StudyError
from broken_telephone.importing import (
    ImportedStudy,
    ImportSettings,
    StartLabels,
    Starts,
    answers_table,
    arrange,
    descriptions_table,
    images_of,
    imported_manifest,
    read_manual_labels,
    read_results,
)
from broken_telephone.importing.copying import copied_images
from broken_telephone.importing.defect_report import defect_counts, defect_sentences
from broken_telephone.importing.forgotten_entries import ForgottenEntries
from broken_telephone.importing.originals import ForgottenOriginals
from broken_telephone.importing.unchanged import refuse_changed_labels, refuse_changed_texts
from broken_telephone.ingestion import ChainSettings, DatasetSettings, read_prompts
from broken_telephone.ingestion.reader_result import DatasetTables, Findings
from broken_telephone.loop import LoopSettings
from broken_telephone.loop.kept import ALL
from broken_telephone.pictures import (
    Pictures,
    StampedFiles,
    StudyPictures,
    check_files,
    digests_of,
    refuse_changed_starts,
)
from broken_telephone.pipelines.ingestion.nodes import digest_originals, read_raw
from broken_telephone.rating import all_items, known_items
from broken_telephone.reporting.text.wording import counted
from broken_telephone.tables import CHAINS, DEFECTS, as_table

logger = logging.getLogger(__name__)


def seal_import(settings: ImportSettings, dataset: DatasetSettings, chains: ChainSettings) -> dict[str, Any]:
    """Collect every setting that decides what the imported results are, in the form of the loop's own seal.

    Seeds are null. Models are those that the settings name, or null.

    Raises:
        StudyError: if the settings name no results, or the annotator has a name that means something else.
    """
    if settings.layout is None:
        raise StudyError(
            "This study imports nothing: its parameters.yml needs `import: {layout: …, root: …}` (docs/importing.md)"
        )
    check_names("", [settings.annotator], "import.annotator")
    return {
        # Own attributes change no imported result: answers are read again in the annotation.
        "dataset": dataset.model_dump(exclude={"attributes"}),
        "chains": {"concept": chains.concept, "seed": None},
        "loop": {"describe_prompt": settings.describe_prompt},
        "generator": {"imported": settings.generator},
        "describer": {"imported": settings.describer},
        "import": settings.sealed,
    }


def read_for_import(
    raw_dataset: DatasetTables, forgotten: dict[str, Any]
) -> tuple[DatasetTables, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Split what was read as the ingestion does, and hand on the data set with forgotten images.

    A name in the results that means a forgotten image must not be taken for that of another one.
    """
    _, *others = read_raw(raw_dataset, forgotten)
    votes, captions, defects, quality = others
    return raw_dataset, votes, captions, defects, quality


def import_results(
    settings: ImportSettings,
    dataset: DatasetSettings,
    chain_settings: ChainSettings,
    loop: LoopSettings,
    data_root: str,
    whole_dataset: DatasetTables,
    forgotten: dict[str, Any],
    import_seal: dict[str, Any],
    loop_store: StageStore,
) -> tuple[pd.DataFrame, ImportedStudy, pd.DataFrame, list[dict[str, Any]]]:
    """Read the results and arrange them as a study.

    Returns:
        The `people` table, the study, the manual labels, and everything that was left out or changed.

    Raises:
        StudyError: if a setting of the loop would change results, or nothing can be imported.
        ChangedInputError: if texts changed since an earlier import.
    """
    del import_seal  # Only their check comes first.
    _refuse_loop_settings(loop)
    scheme = dataset.words
    if chain_settings.concept not in scheme.concepts:
        known = ", ".join(scheme.concepts)
        raise StudyError(
            f"chains.concept: the scheme {scheme.name} (dataset.scheme) has no concept {chain_settings.concept!r} "
            f"(it has: {known})"
        )
    concept, findings = chain_settings.concept, Findings(settings.folder)
    labels = _start_labels(settings, dataset, chain_settings)
    people, paths = whole_dataset.people, whole_dataset.defects["row"].astype(str)
    starts = Starts(people, Path(data_root), (concept, scheme.concepts[concept]), labels, findings, paths)
    entries = ForgottenEntries(read_results(settings, findings), ForgottenOriginals(forgotten, people), findings)
    study = arrange(entries.kept, starts, people, scheme, concept, loop.iterations, findings).without_forgotten(
        forgotten
    )
    n_entries = findings.rows
    manual = read_manual_labels(settings.folder, settings.ratings, settings.rated_iteration, study, scheme, findings)
    defects = entries.other_defects()
    if entries.gone:
        logger.info("%d chains are left out, because `kedro forget` removed their images", len(entries.gone))
    refuse_changed_labels(study.chains, loop_store.chains)
    refuse_changed_texts(descriptions_table(study, loop.iterations, settings.describer), loop_store.descriptions)
    if study.left_out_images:
        logger.warning(
            "loop.iterations: images beyond iteration %d are left out (%d)", loop.iterations, study.left_out_images
        )
    logger.info(
        "Imported: %s from %s. Seeds, and whether texts were truncated, are unknown",
        counted(len(study.chains), "chain"),
        "1 entry" if n_entries == 1 else f"{n_entries:,} entries",
    )
    if settings.ratings:
        logger.info(
            "%d manual labels are read as ratings of image %d (import.rated_iteration)",
            *(len(manual), settings.rated_iteration),
        )
    return study.people, study, manual, defects


def _refuse_loop_settings(loop: LoopSettings) -> None:
    changing = {"neutralise": bool(loop.neutralise), "steer": loop.steer is not None, "keep": loop.keep != ALL}
    if stated := [name for name, is_set in changing.items() if is_set]:
        raise StudyError(f"loop.{stated[0]}: an imported study has the texts and images that were made elsewhere")


def _start_labels(settings: ImportSettings, dataset: DatasetSettings, chains: ChainSettings) -> StartLabels:
    concept = dataset.words.concepts[chains.concept]
    prompts = list(chains.prompts)
    if chains.prompt_file is not None:
        prompts += read_prompts(Path(chains.prompt_file), concept, chains.prompt_labels)
    try:
        return StartLabels(concept, settings.labels, {prompt.text.strip(): prompt.label for prompt in prompts})
    except ValueError as error:
        raise StudyError(f"import.labels: {error}") from None


def digest_imported_originals(
    imported_study: ImportedStudy, originals: StampedFiles, ingestion_store: StageStore, loop_store: StageStore
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """State the digest of every original; they are read in place, below data_root.

    Raises:
        ChangedInputError: if an original is not the image of an earlier import.
        StudyError: if an original cannot be read.
    """
    before = digests_of(ingestion_store.original_files) if loop_store.manifest is not None else {}
    chains, files = digest_originals(imported_study.chains, originals, ingestion_store, loop_store)
    now = digests_of(files)
    refuse_changed_starts((path, digest, now.get(path)) for path, digest in before.items())
    return chains[list(CHAINS)], files


def copy_images(
    imported_study: ImportedStudy, chains: pd.DataFrame, import_seal: dict[str, Any], loop_store: StageStore
) -> Iterator[tuple[dict[str, Any], dict[str, bytes | None], dict[str, str]]]:
    """Copy the drawn images, so that later changes of the results do not matter; Kedro saves them in batches.

    Yields:
        The settings to seal, images by key, and in the end key -> reason of images that do not open.

    Raises:
        ChangedInputError: if images changed since an earlier import.
    """
    del chains  # Only the check of their originals comes first.
    yield import_seal, {}, {}
    earlier = loop_store.pictures
    ledger = None if earlier is None else check_files(loop_store.images, earlier["name"], earlier).ledger
    broken: dict[str, str] = {}
    for images in copied_images(imported_study, broken, digests_of(ledger)):
        yield {}, images, {}
        # Saved by now; Kedro would keep dozens of batches of pictures in memory.
        images.clear()
    yield {}, {}, broken


def collect_imported(
    study: str,
    imported_study: ImportedStudy,
    chains: pd.DataFrame,
    settings: ImportSettings,
    loop: LoopSettings,
    loop_settings: dict[str, Any],
    loop_images: StampedFiles,
    broken_images: dict[str, str],
    found_defects: list[dict[str, Any]],
    loop_store: StageStore,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """List descriptions, images, answers and defects in tables, say what was left out, and summarise the import."""
    findings = Findings(settings.folder, defects=list(found_defects))
    imported_study = imported_study.without(broken_images, chains, findings)
    names = [name for name, _ in images_of(imported_study)]
    files = check_files(loop_images, names, loop_store.pictures)
    defects = as_table(findings.defects, DEFECTS)
    for sentence in defect_sentences(defects):
        logger.warning("%s", sentence)
    descriptions = descriptions_table(imported_study, loop.iterations, settings.describer)
    answers = answers_table(imported_study, loop.iterations)
    about = {
        "layout": settings.layout,
        "root": str(settings.folder),
        "read_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "describer": settings.describer,
        "generator": settings.generator,
        "seeds": None,
        "defects": defect_counts(defects),
    }
    record = imported_manifest(study, loop_settings, imported_study, loop.iterations, descriptions, answers, about)
    return descriptions, files.ledger, record, answers, defects


def store_ratings(
    manual_labels: pd.DataFrame,
    chains: pd.DataFrame,
    loop: LoopSettings,
    originals: Pictures,
    loop_images: Pictures,
    loop_pictures: pd.DataFrame,
    annotation_store: StageStore,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn manual labels into ratings of the study's images, by their names on the rating page.

    Returns:
        The ratings, and the image behind each name, by which `kedro forget` finds the ratings of an image.
    """
    pictures = StudyPictures(originals, loop_images, digests_of(loop_pictures))
    items = all_items(chains, loop.iterations, pictures)
    ratings = manual_labels.merge(items, on=["chain_id", "iteration"])[
        ["rater", "item", "attribute", "status", "category"]
    ]
    return ratings, known_items(items, annotation_store.rating_items)
