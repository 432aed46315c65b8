"""Arranges vectors by chain and iteration for the statistics."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.pictures import StudyPictures
from broken_telephone.similarity.items import name_of
from broken_telephone.similarity.journal import Stored
from broken_telephone.similarity.spaces import IMAGES, SENTENCES, TEXTS
from broken_telephone.statistics import ABSENT, Vectors
from broken_telephone.statistics.estimates.panel import by_picture


class Arranged(NamedTuple):
    """The vectors of a study's pictures and texts."""

    pictures: Vectors
    texts: Vectors
    """In the pictures' space."""
    sentences: Vectors
    """Texts in the space in which they are compared with each other."""


def arrange(
    chains: pd.DataFrame,
    study: StudyPictures,
    iterations: int,
    descriptions: pd.DataFrame,
    stored: Mapping[str, Stored],
) -> Arranged:
    """Assign vectors to the pictures and texts of each chain.

    Args:
        chains: the `chains` table, whose order is kept.
        study: their pictures.
        iterations: of the loop.
        descriptions: the `loop_descriptions` table.
        stored: what the journal holds, by space; without `SENTENCES`, texts are compared in the pictures' space.
    """
    return Arranged(
        Vectors(stored[IMAGES].vectors, _pictures(chains, study, iterations, stored[IMAGES])),
        *(
            Vectors(stored[name].vectors, _texts(chains, iterations, descriptions, stored[name]))
            for name in (TEXTS, SENTENCES if SENTENCES in stored else TEXTS)
        ),
    )


def _pictures(chains: pd.DataFrame, study: StudyPictures, iterations: int, stored: Stored) -> np.ndarray:
    places = np.full((len(chains), iterations + 1), ABSENT, np.int64)
    for row, chain in enumerate(chains_of(chains)):
        for _, picture in study.along([chain], iterations):
            places[row, picture.iteration] = stored.places.get(picture.name, ABSENT)
    return places


def _texts(chains: pd.DataFrame, iterations: int, descriptions: pd.DataFrame, stored: Stored) -> np.ndarray:
    places = np.full((len(chains), iterations + 1), ABSENT, np.int64)
    own = descriptions[descriptions["iteration"] <= iterations]
    rows = pd.Index(chains["chain_id"].astype(str)).get_indexer(own["chain_id"].astype(str))
    columns = own["iteration"].to_numpy(np.int64)
    vectors = np.array([stored.places.get(name_of(text), ABSENT) for text in own["text"].astype(str)], np.int64)
    known = rows >= 0
    places[rows[known], columns[known]] = vectors[known]
    return places


def texts_by_chain(chains: pd.DataFrame, descriptions: pd.DataFrame, iterations: int) -> np.ndarray:
    """Arrange the descriptions by chain and iteration, object (n, iterations + 1); None where there is none."""
    texts = descriptions["text"].astype(str).to_numpy(dtype=object)
    return by_picture(descriptions, texts, chains["chain_id"], iterations + 1, None)
