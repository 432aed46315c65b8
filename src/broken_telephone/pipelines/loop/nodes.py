"""Nodes of the loop pipeline."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd
from PIL import Image

from broken_telephone.chains import chains_of, key
from broken_telephone.ingestion import ChainSettings, DatasetSettings, refuse_other_chains
from broken_telephone.loop import (
    Finished,
    LoopSettings,
    Store,
    is_finished,
    manifest,
    of_shard,
    read_journal,
    relay,
    sum_up,
    text_digest,
)
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
from broken_telephone.reporting.sheets.live_sheet import LiveSheet
from broken_telephone.tables import DESCRIPTIONS, as_table

logger = logging.getLogger(__name__)

Records = Mapping[str, Callable[[], dict[str, Any]]]


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
        "dataset": dataset.model_dump(),
        "chains": {"concept": chains.concept, "seed": chains.seed},
        "loop": {"describe_prompt": loop.describe_prompt},
        "generator": generator.identity(),
        "describer": describer.identity(),
    }


def look_at_pictures(
    chains: pd.DataFrame,
    originals: StampedFiles,
    original_files: pd.DataFrame,
    loop: LoopSettings,
    loop_images_done: StampedFiles,
    loop_pictures_done: pd.DataFrame | None,
    loop_batches_done: Records,
) -> pd.DataFrame:
    """Look at size and time of originals and of what earlier runs drew, and at the bytes of those that changed.

    Returns:
        A ledger of the drawn pictures that are still there (`tables.FILES`).

    Raises:
        ChangedInputError: naming pictures that changed.
    """
    check_originals(chains, originals, original_files)
    names = [] if loop_pictures_done is None else loop_pictures_done["name"]
    found = check_files(loop_images_done, names, loop_pictures_done)
    if found.changed:
        # The ledger is written when a run ends. A killed run may have redrawn pictures (its journal says so), or have
        # saved one without its record.
        done, now = read_journal(loop_batches_done), digests_of(found.ledger)
        counted = {
            key(chain.chain_id, step.iteration)
            for chain in chains_of(chains)
            for step in done.finished(chain, loop.iterations)
            if step.phase == "draw"
        }
        drawn = done.images
        other = [name for name in found.changed if now[name] != drawn.get(name)]
        refuse_changed_drawings([name for name in other if name in counted])
        return found.ledger[~found.ledger["name"].isin(other)].reset_index(drop=True)
    return found.ledger


def follow_chains(
    chains: pd.DataFrame,
    loop: LoopSettings,
    wanted_settings: dict[str, Any],
    describer: Describer,
    generator: Generator,
    originals: Pictures,
    loop_images_done: Pictures,
    drawn_before: pd.DataFrame,
    loop_batches_done: Records,
    loop_sessions_done: Records,
    loop_manifest_done: dict[str, Any] | None,
    study: str,
    sheet: SheetSettings,
) -> Iterator[tuple[Any, ...]]:
    """Describe and draw in turn; Kedro saves every batch as soon as it is finished, and the live sheet now and then.

    The settings are sealed with the first batch of a run: wrong ones that trying the models shows are corrected freely.

    Raises:
        StudyError: if the chains were made with another seed or concept; and whatever `relay` raises.
    """
    journal = loop_batches_done, loop_sessions_done
    if (
        is_finished(loop_manifest_done, wanted_settings, chains, loop.iterations, *journal)
        and len(drawn_before) == loop_manifest_done["counts"]["images"]
    ):
        logger.info("All chains are followed already: nothing to do")
        yield {}, *Finished(), {}
        return
    refuse_other_chains(chains, **wanted_settings["chains"])
    store = Store(originals, loop_images_done, loop_batches_done, loop_sessions_done)
    done = read_journal(loop_batches_done)
    name = study if loop.shard == "1/1" else f"{study}, shard {loop.shard}"
    mine = chains[chains["chain_id"].isin([chain.chain_id for chain in of_shard(chains_of(chains), loop.shard)])]
    shown = at_most(originals, LONGEST), at_most(loop_images_done, LONGEST)
    live = LiveSheet(name, mine, *shown, loop.iterations, sheet.chains_per_label, done.texts)
    unsealed = wanted_settings
    for finished in relay(chains, loop, describer, generator, store, done):
        # Outputs are saved in their order: a seal that is refused keeps the batch from being saved.
        sealed = unsealed if finished.batches else {}
        yield sealed, *finished, live.now()
        if sealed:
            unsealed = {}
        # Saved by now; Kedro would keep dozens of batches of pictures in memory.
        finished.images.clear()
    yield {}, *Finished(), live.last()


def collect_results(
    study: str,
    loop_settings: dict[str, Any],
    chains: pd.DataFrame,
    loop: LoopSettings,
    loop_images: StampedFiles,
    drawn_before: pd.DataFrame,
    loop_batches: Records,
    loop_sessions: Records,
    loop_descriptions_done: pd.DataFrame | None,
    loop_manifest_done: dict[str, Any] | None,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Put descriptions and pictures of the study's chains into tables, and state what was run and how far it got.

    What an earlier run collected is returned as it is if nothing has happened since.

    Raises:
        ChangedInputError: naming pictures that are not what the loop drew.
    """
    earlier, table = loop_manifest_done, loop_descriptions_done
    if (
        table is not None
        and is_finished(earlier, loop_settings, chains, loop.iterations, loop_batches, loop_sessions)
        # A run that was killed may have saved one of its tables only; somebody may have edited one.
        and text_digest(table) == earlier["texts"]
        and len(drawn_before) == earlier["counts"]["images"]
    ):
        return table, drawn_before, earlier
    batches = [loop_batches[name]() for name in loop_batches]
    done = sum_up(batches)
    made = done.images
    ledger = check_files(loop_images, made, drawn_before).ledger
    there = digests_of(ledger)
    done.forget_images(made.keys() - there.keys())
    record = manifest(study, loop_settings, chains, loop.iterations, done, batches, loop_sessions)
    finished = [(chain.chain_id, step) for chain in chains_of(chains) for step in done.finished(chain, loop.iterations)]
    rows = [done.described[key(name, step.iteration)] for name, step in finished if step.phase == "describe"]
    drawn = [key(name, step.iteration) for name, step in finished if step.phase == "draw"]
    refuse_changed_drawings([name for name in drawn if there[name] != made[name]])
    beyond = len(done.described) - len(rows)
    if beyond:
        logger.info(
            "%d descriptions of other chains or later iterations than the settings ask for now, and their pictures, "
            "are left out of the tables. They stay on disk, and come back with the chains and loop.iterations",
            beyond,
        )
    return as_table(rows, DESCRIPTIONS), ledger[ledger["name"].isin(drawn)].reset_index(drop=True), record


def draw_contact_sheet(
    study: str,
    chains: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    originals: Pictures,
    loop_images: Pictures,
    loop: LoopSettings,
    settings: SheetSettings,
) -> Image.Image:
    """Show some chains of every label: original and iterations side by side."""
    shown = at_most(originals, LONGEST), at_most(loop_images, LONGEST)
    return chains_sheet(study, chains, loop_descriptions, *shown, loop.iterations, settings.chains_per_label)
