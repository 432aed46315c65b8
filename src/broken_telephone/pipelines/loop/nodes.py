"""Nodes of the loop pipeline."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from broken_telephone.chains import chain_and_iteration, chains_of, iteration_of
from broken_telephone.datasets import StageStore
from broken_telephone.datasets.reused_studies import NO_STUDIES, ReusedStudies, donors
from broken_telephone.execution.journal import Records
from broken_telephone.ingestion import ChainSettings, DatasetSettings, refuse_other_chains
from broken_telephone.loop import FinishedSteps, LoopSettings, Wording, manifest, of_shard, read_journal, sum_up
from broken_telephone.loop.adoption import LoopAdoption, LoopDonor
from broken_telephone.loop.drawn_text import wording_of
from broken_telephone.loop.manifest import is_finished, text_digest
from broken_telephone.loop.output import LoopFolders, LoopOutput
from broken_telephone.loop.run import run_loop
from broken_telephone.loop.sealed_dtypes import as_sealed, with_dtypes
from broken_telephone.loop.steering import steering_digest, steering_table, unsteered
from broken_telephone.models import Describer, Generator
from broken_telephone.pictures import (
    LONGEST,
    Pictures,
    StampedFiles,
    at_most,
    check_files,
    digests_of,
    refuse_changed_drawings,
)
from broken_telephone.pipelines.loop.checks import check_originals
from broken_telephone.reporting.sheets.chains_sheet import SheetSettings, chains_sheet
from broken_telephone.reporting.sheets.live_sheet import LiveSheet, page_address
from broken_telephone.tables import STEERING, as_table

logger = logging.getLogger(__name__)


def seal_settings(
    dataset: DatasetSettings,
    chains: ChainSettings,
    loop: LoopSettings,
    generator: Generator,
    describer: Describer,
) -> dict[str, Any]:
    """Collect every setting that changes what an existing picture or description would have been.

    Left out are settings that add chains or iterations, that change how fast the work is done, or that say
    where the data set lies. The catalog compares them with those of earlier results; `follow_chains` seals them.
    """
    return {
        # Own attributes change a drawn text only where `loop.steer` names them, and the steering has its own digest.
        "dataset": dataset.model_dump(exclude={"attributes"}),
        "chains": {"concept": chains.concept, "seed": chains.seed},
        "loop": loop.wording,
        "generator": generator.identity(),
        "describer": describer.identity(),
    }


def steer_texts(
    chains: pd.DataFrame,
    people: pd.DataFrame,
    loop: LoopSettings,
    dataset: DatasetSettings,
    chain_settings: ChainSettings,
) -> pd.DataFrame:
    """State which attributes the drawn texts of each chain and iteration name, and say which chains have none.

    Raises:
        StudyError: if `loop.steer` names something that the data set does not state.
    """
    if loop.steer is None:
        return as_table([], STEERING)
    cells = ("split", *chain_settings.balance)
    table = steering_table(chains, people, loop.steer, dataset.words, loop.iterations, chain_settings.seed, cells)
    # A category without words ends the run here, and not amid the loop.
    word_texts(chains, table, loop, dataset).refuse_missing_words()
    for name, count in unsteered(chains, table, loop.steer.attributes).items():
        if count:
            logger.warning(
                "loop.steer: the data set states no %s for %d of %d chains: their drawn texts do not name it",
                *(name, count, len(chains)),
            )
    return table


def word_texts(
    chains: pd.DataFrame, loop_steering: pd.DataFrame, loop: LoopSettings, dataset: DatasetSettings
) -> Wording:
    """Return what makes drawn texts from descriptions."""
    return wording_of(chains, loop_steering, loop, dataset.words.attributes)


def look_at_pictures(
    chains: pd.DataFrame,
    originals: StampedFiles,
    original_files: pd.DataFrame,
    loop: LoopSettings,
    wording: Wording,
    loop_store: StageStore,
) -> pd.DataFrame:
    """Look at size and time of originals and of what earlier runs drew, and at the bytes of those that changed.

    Returns:
        A ledger of the drawn pictures that are still there (`tables.FILES`).

    Raises:
        ChangedInputError: naming pictures that changed.
    """
    check_originals(chains, originals, original_files)
    earlier = loop_store.pictures
    files = check_files(loop_store.images, [] if earlier is None else earlier["name"], earlier)
    if files.changed:
        # The ledger is written when a run ends. A killed run may have redrawn pictures (its journal says so), or have
        # saved one without its record.
        done, digests = read_journal(loop_store.batches, wording.function), digests_of(files.ledger)
        finished, drawn = FinishedSteps(done, chains_of(chains), loop.iterations), done.images
        other = [name for name in files.changed if digests[name] != drawn.get(name)]
        refuse_changed_drawings([name for name in other if finished.has_drawn(name)])
        return files.ledger[~files.ledger["name"].isin(other)].reset_index(drop=True)
    return files.ledger


def follow_chains(
    chains: pd.DataFrame,
    loop: LoopSettings,
    wording: Wording,
    wanted_settings: dict[str, Any],
    describer: Describer,
    generator: Generator,
    originals: Pictures,
    drawn_before: pd.DataFrame,
    loop_store: StageStore,
    study: str,
    sheet: SheetSettings,
    reused_studies: ReusedStudies = NO_STUDIES,
) -> Iterator[tuple[Any, ...]]:
    """Describe and draw in turn; Kedro saves every batch as soon as it is finished, and the live sheet now and then.

    The settings are sealed with the first batch of a run: wrong ones that trying the models shows are corrected freely.

    Raises:
        StudyError: if the chains were made with another seed or concept; and whatever `run_loop` raises.
    """
    folders = LoopFolders(originals, loop_store.images, loop_store.batches, loop_store.sessions)
    earlier = loop_store.manifest
    if (
        is_finished(
            earlier,
            as_sealed(wanted_settings, (earlier or {}).get("settings")),
            chains,
            loop.iterations,
            folders.batches,
            folders.sessions,
            loop.keep,
        )
        and earlier.get("steering") == steering_digest(wording.steering)
        and len(drawn_before) == earlier["counts"]["stored"]
    ):
        logger.info("All chains are followed already: nothing to do")
        yield {}, *LoopOutput(), {}
        return
    refuse_other_chains(chains, **wanted_settings["chains"])
    name = study if loop.shard == "1/1" else f"{study}, shard {loop.shard}"
    logger.info("Live page, after 15 s: %s", page_address(loop_store.place_of("live"), name))
    done = read_journal(folders.batches, wording.function)
    shown = at_most(originals, LONGEST), at_most(folders.images, LONGEST)
    live = LiveSheet(
        name, _of_shard(chains, loop.shard), *shown, loop.kept_iterations, sheet.chains_per_label, done.drawn_texts
    )
    unsealed, resolved = wanted_settings, dict[str, Any]()
    adoption = LoopAdoption(
        [
            LoopDonor(donor, reused_studies[donor.study].chains, reused_studies[donor.study].loop_images)
            for donor in donors(reused_studies, "loop_batches", "loop_sessions")
        ],
        wanted_settings,
        {"describe": describer, "draw": generator},
    )
    for output in run_loop(chains, loop, describer, generator, folders, done, adoption):
        for session in output.sessions.values():
            resolved |= session.get("resolved", {})
        if output.batches and unsealed and loop.executor == "local":
            # A run that adopts its first batches has not loaded its models yet.
            resolved = {"describe": describer.resolved(), "draw": generator.resolved()} | resolved
        # Outputs are saved in their order: a seal that is refused keeps the batch from being saved.
        sealed = with_dtypes(unsealed, resolved) if output.batches else {}
        yield sealed, *output, live.now()
        if sealed:
            unsealed = {}
        # Saved by now; Kedro would keep dozens of batches of pictures in memory.
        output.images.clear()
    yield {}, *LoopOutput(), live.last()


def _of_shard(chains: pd.DataFrame, shard: str) -> pd.DataFrame:
    if shard == "1/1":
        return chains
    return chains[chains["chain_id"].isin([chain.chain_id for chain in of_shard(chains_of(chains), shard)])]


def collect_results(
    study: str,
    loop_settings: dict[str, Any],
    chains: pd.DataFrame,
    loop: LoopSettings,
    wording: Wording,
    loop_images: StampedFiles,
    drawn_before: pd.DataFrame,
    loop_batches: Records,
    loop_sessions: Records,
    loop_store: StageStore,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """List descriptions and pictures of the chains in tables, and summarise the loop.

    What an earlier run collected is returned as it is if nothing has happened since.

    Raises:
        ChangedInputError: naming pictures that are not what the loop drew.
    """
    earlier, table = loop_store.manifest, loop_store.descriptions
    if (
        table is not None
        and is_finished(earlier, loop_settings, chains, loop.iterations, loop_batches, loop_sessions, loop.keep)
        and earlier.get("steering") == steering_digest(wording.steering)
        # A run that was killed may have saved one of its tables only; somebody may have edited one.
        and text_digest(table) == earlier["texts"]
        and len(drawn_before) == earlier["counts"]["stored"]
    ):
        return table, drawn_before, earlier
    records, followed = (loop_batches[name]() for name in loop_batches), chains_of(chains)
    done, batches = sum_up(records, wording.function, (chain.chain_id for chain in followed))
    ledger, _, missing = check_files(loop_images, done.stored(loop.is_kept), drawn_before)
    existing = zip(ledger["name"], ledger["digest"], strict=True)
    changed = [name for name, digest in existing if digest != done.image(*chain_and_iteration(name))]
    done.forget(missing)
    finished = FinishedSteps(done, followed, loop.iterations)
    refuse_changed_drawings([name for name in changed if finished.has_drawn(name)])
    is_kept = [finished.has_drawn(name) and loop.is_kept(iteration_of(name)) for name in ledger["name"]]
    ledger = ledger[np.array(is_kept, bool)].reset_index(drop=True)
    record = manifest(study, loop_settings, chains, finished, batches, loop_sessions, loop.keep, wording)
    _warn_not_english(record["drawn_texts"])
    beyond = len(done.described) - len(finished.descriptions)
    if beyond:
        logger.info(
            "%d descriptions of other chains or later iterations than the settings ask for now, and their pictures, "
            "are left out of the tables. They stay on disk, and come back with the chains and loop.iterations",
            beyond,
        )
    return finished.descriptions, ledger, record


def _warn_not_english(counts: dict[str, Any]) -> None:
    if counts.get("not_english"):
        logger.warning(
            "loop.neutralise: %d of %d descriptions seem not to be English and were drawn as they are; the lexicon of "
            "terms is English",
            *(counts["not_english"], counts["descriptions"]),
        )


def draw_contact_sheet(
    study: str,
    chains: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    originals: Pictures,
    loop_images: Pictures,
    loop: LoopSettings,
    settings: SheetSettings,
) -> Image.Image:
    """Draw a sheet with some chains of each label. A row has the original and some or all drawn images."""
    shown = at_most(originals, LONGEST), at_most(loop_images, LONGEST)
    return chains_sheet(study, chains, loop_descriptions, *shown, loop.kept_iterations, settings.chains_per_label)
