"""Nodes of the ingestion pipeline."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandas import DataFrame as Table

from broken_telephone.chains import chains_of
from broken_telephone.datasets import StageStore
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import (
    ChainSettings,
    DatasetSettings,
    DatasetTables,
    defect_sentences,
    quality_table,
    read_prompts,
    sample_chains,
)
from broken_telephone.ingestion.forgotten import without_forgotten
from broken_telephone.loop import read_journal, refuse_other_starts
from broken_telephone.pictures import StampedFiles, check_files, digests_of, merge_ledgers
from broken_telephone.reporting.figures.baseline import baseline_figure
from broken_telephone.reporting.figures.own_colours import own_colours
from broken_telephone.statistics import baseline_shares
from broken_telephone.tables import CHAINS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)


def read_raw(raw_dataset: DatasetTables, forgotten: Mapping[str, Any]) -> tuple[Table, Table, Table, Table, Table]:
    """Split what was read into people, votes, captions, defects and a table that counts them; say what is amiss."""
    tables, left_out = without_forgotten(raw_dataset, forgotten)
    if left_out:
        logger.info("%d images are left out, because `kedro forget` removed them from this study", left_out)
    counts = quality_table(tables)
    # Without a data set, nobody is counted: chains start from prompts or from imported images.
    if len(tables.people):
        logger.info("%d people in %d images", len(tables.people), tables.people["image_id"].nunique())
    # A translated value has one meaning only, so nothing is in doubt.
    is_translated = tables.defects["effect"] == "translated"
    for sentence in defect_sentences(tables.defects[~is_translated]):
        logger.warning("%s", sentence)
    for sentence in defect_sentences(tables.defects[is_translated]):
        logger.info("%s", sentence)
    return tables.people, tables.votes, tables.captions, tables.defects, counts


def choose_chains(
    people: Table, captions: Table, chains: ChainSettings, dataset: DatasetSettings
) -> tuple[Table, Table]:
    """Sample the chains of the study, and say what could not be filled."""
    scheme = dataset.words
    prompts = []
    if chains.prompt_file is not None and chains.concept in scheme.concepts:
        concept = scheme.concepts[chains.concept]
        prompts = read_prompts(Path(chains.prompt_file), concept, chains.prompt_labels)
    sample = sample_chains(people, chains, scheme, captions, prompts)
    for name, count in sample.unlabelled.items():
        if count:
            logger.info("%d main people have no clear %s: left out", count, name)
    if sample.captionless:
        logger.warning("%d people have no caption to start from: left out", sample.captionless)
    by_label = sample.chains["label"].astype(str).value_counts(sort=False)
    logger.info("%d chains (%s)", len(sample.chains), ", ".join(f"{label}: {n}" for label, n in by_label.items()))
    short = sample.cells[sample.cells["missing"] > 0]
    if len(short):
        logger.warning(
            "%d of %d cells have fewer people than the %s asked for, %d people too few in all (chain_cells lists each)",
            len(short),
            len(sample.cells),
            chains.count,
            short["missing"].sum(),
        )
    return sample.chains, sample.cells


def digest_originals(
    sampled_chains: Table,
    originals: StampedFiles,
    ingestion_store: StageStore,
    loop_store: StageStore,
) -> tuple[Table, Table]:
    """State the digest of every original that a chain starts from, in the chains and in a ledger of files.

    Raises:
        StudyError: if an original is gone, or is no longer the picture that the loop described.
    """
    paths = sampled_chains["image_path"].dropna().astype(str).drop_duplicates()
    earlier, journal = ingestion_store.original_files, loop_store.batches
    files = check_files(originals, paths, earlier).ledger
    now, before = digests_of(files), digests_of(earlier)
    if missing := [path for path in paths if path not in now]:
        raise StudyError(f"{missing[0]} cannot be read any more (below data_root): {len(missing)} originals are gone")
    chains = sampled_chains.assign(image_digest=sampled_chains["image_path"].map(now).astype("string"))[list(CHAINS)]
    # Reading the journal takes time: only originals that no earlier run has seen like this give reason to.
    if any(before.get(path) != digest for path, digest in now.items()) and len(journal):
        refuse_other_starts(chains_of(chains), read_journal(journal))
    return chains, merge_ledgers(files, earlier)


def measure_baseline(people: Table, dataset: DatasetSettings) -> Table:
    """Shares of every category in the data set as it is, by concept and label; no rows without a data set."""
    shares = baseline_shares(people, dataset.words)
    if dataset.source == "none":
        logger.info("No baseline: the study has no data set (dataset.source: none)")
        return shares.iloc[:0]
    return shares


def draw_baseline(baseline: Table, dataset: DatasetSettings) -> "Figure":
    """Show the shares of the data set's main people."""
    return baseline_figure(baseline, own_colours(dataset.attributes))
