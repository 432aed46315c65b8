"""Nodes of the similarity pipeline."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.datasets import StageStore
from broken_telephone.datasets.reused_studies import NO_STUDIES, ReusedStudies, donors
from broken_telephone.execution.journal import Record, Records
from broken_telephone.loop import LoopSettings
from broken_telephone.models import Embedder
from broken_telephone.pictures import StudyPictures
from broken_telephone.reporting import ReportSettings
from broken_telephone.similarity.items import items
from broken_telephone.similarity.journal import stored
from broken_telephone.similarity.manifest import manifest
from broken_telephone.similarity.run import embed
from broken_telephone.similarity.settings import EmbeddingSettings
from broken_telephone.similarity.spaces import Space, spaces
from broken_telephone.similarity.vectors_by_chain import arrange
from broken_telephone.statistics import similarities, similarity_curves
from broken_telephone.tables import as_result

logger = logging.getLogger(__name__)


def state_spaces(embedder: Embedder, loop_settings: Mapping[str, Any]) -> list[Space]:
    """State the embedding spaces and their models."""
    return spaces(embedder, loop_settings)


def embed_pictures_and_texts(
    spaces: list[Space],
    chains: pd.DataFrame,
    loop: LoopSettings,
    embedding: EmbeddingSettings,
    embedder: Embedder,
    study_pictures: StudyPictures,
    loop_descriptions: pd.DataFrame,
    similarity_store: StageStore,
    reused_studies: ReusedStudies = NO_STUDIES,
) -> Iterator[tuple[Mapping[str, Record], Mapping[str, Record]]]:
    """Embed all pictures and texts; Kedro saves every batch as soon as it is finished."""
    by_space = items(spaces, chains_of(chains), loop.iterations, study_pictures, loop_descriptions)
    others = donors(reused_studies, "embeddings", "embedding_sessions")
    yield from embed(by_space, spaces, embedding, embedder, study_pictures, similarity_store.embeddings, others)


def measure_similarities(
    study: str,
    spaces: list[Space],
    chains: pd.DataFrame,
    loop: LoopSettings,
    study_pictures: StudyPictures,
    loop_descriptions: pd.DataFrame,
    embeddings: Records,
    settings: ReportSettings,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Measure similarities along every chain, average them, and summarise the embedding."""
    by_space = items(spaces, chains_of(chains), loop.iterations, study_pictures, loop_descriptions)
    vectors = {space.name: stored(space, embeddings, by_space[space.name]) for space in spaces}
    table = similarities(chains, *arrange(chains, study_pictures, loop.iterations, loop_descriptions, vectors))
    record = {**manifest(study, spaces, by_space, vectors), "made_from": study_pictures.state}
    for embedded in record["embedded"].values():
        if embedded["cut"]:
            logger.warning(
                "%d of %d texts are longer than %s reads: of these, the beginning is compared",
                *(embedded[name] for name in ("cut", "embedded", "by")),
            )
    return table, as_result(similarity_curves(table, chains, settings.resampling)), record
