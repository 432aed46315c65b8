"""Nodes of the similarity pipeline."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.datasets import StageStore
from broken_telephone.datasets.reused_studies import NO_STUDIES, ReusedStudies, donors
from broken_telephone.execution.journal import Record, Records
from broken_telephone.loop import LoopSettings
from broken_telephone.models import Embedder
from broken_telephone.pictures import StudyPictures
from broken_telephone.progress import track
from broken_telephone.reporting import ReportSettings
from broken_telephone.similarity.items import items
from broken_telephone.similarity.journal import stored
from broken_telephone.similarity.manifest import manifest
from broken_telephone.similarity.run import embed
from broken_telephone.similarity.settings import EmbeddingSettings
from broken_telephone.similarity.spaces import Space, spaces
from broken_telephone.similarity.vectors_by_chain import Arranged, arrange, texts_by_chain
from broken_telephone.statistics import attractors_table, diversity_tables, similarities, similarity_curves
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


def arrange_vectors(
    study: str,
    spaces: list[Space],
    chains: pd.DataFrame,
    loop: LoopSettings,
    study_pictures: StudyPictures,
    loop_descriptions: pd.DataFrame,
    embeddings: Records,
) -> tuple[Arranged, dict[str, Any]]:
    """Arrange the vectors by chain and iteration, and summarise the embedding."""
    by_space = items(spaces, chains_of(chains), loop.iterations, study_pictures, loop_descriptions)
    vectors = {space.name: stored(space, embeddings, by_space[space.name]) for space in spaces}
    record = {**manifest(study, spaces, by_space, vectors), "made_from": study_pictures.state}
    for embedded in record["embedded"].values():
        if embedded["cut"]:
            logger.warning(
                "%d of %d texts are longer than %s reads: of these, the beginning is compared",
                *(embedded[name] for name in ("cut", "embedded", "by")),
            )
    return arrange(chains, study_pictures, loop.iterations, loop_descriptions, vectors), record


def measure_similarities(
    arranged_vectors: Arranged, chains: pd.DataFrame, settings: ReportSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure similarities along every chain, and average them."""
    table = similarities(chains, *arranged_vectors)
    return table, as_result(similarity_curves(table, chains, settings.resampling))


def measure_diversity(
    arranged_vectors: Arranged, chains: pd.DataFrame, loop_descriptions: pd.DataFrame, settings: ReportSettings
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure how diverse images and texts are in each iteration, and in which motifs chains end."""
    pictures, sentences = arranged_vectors.pictures, arranged_vectors.sentences
    texts = texts_by_chain(chains, loop_descriptions, pictures.places.shape[1] - 1)
    levels, changes = diversity_tables(chains, pictures, sentences, texts, settings.seed, _with_progress)
    return as_result(levels), as_result(changes), as_result(attractors_table(chains, pictures, settings.seed))


def _with_progress(function: Callable[..., Any], groups: list[Any]) -> Iterator[Any]:
    return track(map(function, groups), "Measuring diversity", len(groups))
