"""Nodes of the ingestion pipeline."""

import logging

import pandas as pd

from broken_telephone.sources import ChainSettings, DatasetSettings, sample_chains

logger = logging.getLogger(__name__)


def ingest_people(raw_dataset: pd.DataFrame) -> pd.DataFrame:
    """Keep everybody in the raw data set as `people`, and say how many there are."""
    logger.info(
        "%d people in %d images of the data set",
        len(raw_dataset),
        raw_dataset["image_id"].nunique(),
    )
    return raw_dataset


def choose_chains(people: pd.DataFrame, chains: ChainSettings, dataset: DatasetSettings) -> pd.DataFrame:
    """Sample the chains of the study, and say what could not be filled."""
    sample = sample_chains(people, chains, dataset.scheme)
    if sample.unlabelled:
        logger.info("%d main people have no clear %s: left out", sample.unlabelled, chains.concept)
    if sample.shortfalls:
        there = ", ".join(f"{found} of {label}" for label, found in sample.shortfalls.items())
        logger.warning("Fewer images than the %s per label asked for: there are only %s", chains.per_label, there)
    return sample.chains
