"""Lists the pictures and texts of a study, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from broken_telephone.chains import Chain
from broken_telephone.pictures import Picture, StudyPictures
from broken_telephone.seeds import digest
from broken_telephone.similarity.spaces import IMAGES, Space


@dataclass(frozen=True)
class Text:
    """A description or a prompt, whichever chains it occurs in."""

    name: str
    """A digest of the text."""
    iteration: int
    """The first iteration in which it occurs."""
    text: str

    @property
    def digest(self) -> str:
        """The digest of the text, the only input of its vector."""
        return self.name


Item = Picture | Text
Items = Mapping[str, Mapping[int, Sequence[Item]]]
"""Space -> iteration -> what there is to embed."""


def items(
    spaces: list[Space], chains: list[Chain], iterations: int, study: StudyPictures, descriptions: pd.DataFrame
) -> Items:
    """Return all pictures and texts that exist, by space and iteration, in the chains' order.

    Args:
        spaces: what is embedded.
        chains: of the study.
        iterations: of the loop.
        study: their pictures.
        descriptions: the `loop_descriptions` table.
    """
    pictures = study.by_iteration(chains, iterations)
    written = texts(descriptions, iterations)
    return {space.name: pictures if space.name == IMAGES else written for space in spaces}


def texts(descriptions: pd.DataFrame, iterations: int) -> dict[int, list[Text]]:
    """Return all texts, each once, by the iteration in which it first occurs, from 1 on."""
    by_iteration: dict[int, list[Text]] = {iteration: [] for iteration in range(1, iterations + 1)}
    first = descriptions.sort_values("iteration", kind="stable").drop_duplicates("text")
    for iteration, text in zip(first["iteration"].astype(int), first["text"].astype(str), strict=True):
        if iteration <= iterations:
            by_iteration[iteration].append(Text(name_of(text), iteration, text))
    return by_iteration


def name_of(text: str) -> str:
    """Return the name of a text, a digest."""
    return digest(text)
