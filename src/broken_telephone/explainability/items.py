"""Chooses the chains to explain, and finds the words that name labels in their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.explainability.journal import PictureContent
from broken_telephone.labels import Variable, find_label_words
from broken_telephone.models import Word
from broken_telephone.pictures import Picture, StudyPictures
from broken_telephone.seeds import digest, seed_of


@dataclass(frozen=True)
class WordItem:
    """A word about a picture, and the face whose regions are looked at."""

    name: str
    """A digest of all that it was made from: picture, boxes, text, and the word's place in it."""
    chain_id: str
    """The first chain of the picture; replicates share an original."""
    picture: Picture
    word: Word
    token: str
    """The word as it stands in the text."""
    named: str
    """The label that it stands for."""
    face: int
    """Place among the picture's faces, surest first."""
    seed_name: str
    """The name that its random numbers derive from. It stays the same when the picture is drawn again."""

    @property
    def digest(self) -> str:
        """The digest of what the explanation is made from."""
        return self.name

    @property
    def iteration(self) -> int:
        """The iteration of the picture."""
        return self.picture.iteration


def sampled(chains: pd.DataFrame, per_label: int, seed: int) -> pd.DataFrame:
    """Return the rows of some chains of each label and start, chosen at random by their names."""
    order = [seed_of(seed, "explain", str(name)) for name in chains["chain_id"]]
    by = [chains["label"].astype(str), chains["start"].astype(str)]
    number = pd.Series(order, index=chains.index).groupby(by).rank(method="first")
    return chains[number <= per_label]


def texts_of(
    chains: pd.DataFrame, study: StudyPictures, iterations: int, *descriptions: pd.DataFrame
) -> dict[str, tuple[str, str]]:
    """Return picture -> (chain, description); of replicates that share an original, the first.

    Description k is of picture k - 1.
    """
    texts: dict[tuple[str, int], str] = {}
    for table in descriptions:
        own = table[table["chain_id"].isin(chains["chain_id"])]
        keys = zip(own["chain_id"].astype(str), own["iteration"].astype(int) - 1, strict=True)
        texts |= dict(zip(keys, own["text"].astype(str), strict=True))
    by_picture: dict[str, tuple[str, str]] = {}
    for chain, picture in study.along(chains_of(chains), iterations):
        if (text := texts.get((chain.chain_id, picture.iteration))) is not None:
            by_picture.setdefault(picture.name, (chain.chain_id, text))
    return by_picture


def word_items(
    pictures: Mapping[int, Sequence[Picture]],
    texts: Mapping[str, tuple[str, str]],
    concept: Variable,
    contents: Mapping[str, PictureContent],
    main_face: Mapping[str, Sequence[int]],
    boxes: Mapping[str, object],
) -> dict[int, list[WordItem]]:
    """Return every word that names a label, for the main person of each picture, by iteration.

    Args:
        pictures: that are explained, by iteration.
        texts: see `texts_of`.
        concept: whose labels words name.
        contents: picture -> its faces.
        main_face: picture -> the face of its main person; empty if there is none.
        boxes: picture -> the data set's boxes of its people, on which the regions depend.
    """
    items: dict[int, list[WordItem]] = {iteration: [] for iteration in pictures}
    for iteration, some in pictures.items():
        for one in some:
            if one.name not in texts or one.name not in contents:
                continue
            chain_id, text = texts[one.name]
            for mention in find_label_words(text, concept):
                word = Word(text, mention.start, mention.end)
                token = text[mention.start : mention.end].lower()
                for face in main_face[one.name]:
                    of = (one.name, text, mention.start, face)
                    name, seed = digest(*of, one.digest, boxes[one.name], size=8), digest(*of, size=8)
                    items[iteration].append(WordItem(name, chain_id, one, word, token, mention.category, face, seed))
    return items
