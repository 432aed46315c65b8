"""What is explained: which pictures, and which words about which person in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from broken_telephone.chains import Chain, chains_of
from broken_telephone.explainability.journal import Found
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
    """Of the first chain, where replicates share an original."""
    picture: Picture
    word: Word
    token: str
    """The word as it stands in the text."""
    named: str
    """The label that it stands for."""
    face: int
    """Place among the picture's faces, surest first."""
    seed_name: str
    """What its random numbers belong to: the same when its picture is drawn again."""

    @property
    def iteration(self) -> int:
        """Of the picture."""
        return self.picture.iteration


def sampled(chains: pd.DataFrame, per_label: int, seed: int) -> pd.DataFrame:
    """Return the rows of some chains of each label and start, chosen at random by their names."""
    order = [seed_of(seed, "explain", str(name)) for name in chains["chain_id"]]
    by = [chains["label"].astype(str), chains["start"].astype(str)]
    number = pd.Series(order, index=chains.index).groupby(by).rank(method="first")
    return chains[number <= per_label]


def seen_pictures(chains: pd.DataFrame, iterations: int, study: StudyPictures) -> dict[int, list[Picture]]:
    """Return the pictures of some chains, each once, by iteration from 0 on."""
    return study.by_iteration(chains_of(chains), iterations)


def texts_of(chains: pd.DataFrame, iterations: int, *descriptions: pd.DataFrame) -> dict[tuple[str, int], str]:
    """Return (chain, iteration of the picture) -> what was written about it: description k is of picture k - 1."""
    known = set(chains["chain_id"].astype(str))
    found = {}
    for table in descriptions:
        for chain, iteration, text in zip(table["chain_id"], table["iteration"], table["text"], strict=True):
            if str(chain) in known and 1 <= int(iteration) <= iterations + 1:
                found[str(chain), int(iteration) - 1] = str(text)
    return found


def word_items(
    chains: Sequence[Chain],
    study: StudyPictures,
    there: Mapping[int, Sequence[Picture]],
    texts: Mapping[tuple[str, int], str],
    concept: Variable,
    found: Mapping[str, Found],
    counted: Mapping[str, Sequence[int]],
    boxes: Mapping[str, object],
) -> dict[int, list[WordItem]]:
    """Return every word that names a label, for every face that counts, by iteration.

    Args:
        chains: that are explained.
        study: all pictures.
        there: their pictures, see `seen_pictures`.
        texts: see `texts_of`.
        concept: whose labels words name.
        found: picture -> its faces.
        counted: picture -> which of its faces count.
        boxes: picture -> the data set's boxes of its people, on which the regions depend.
    """
    of_picture: dict[str, str] = {}
    for chain in chains:
        for iteration in there:
            one = study.of(chain, iteration)
            if one is not None and (chain.chain_id, iteration) in texts:
                of_picture.setdefault(one.name, chain.chain_id)
    items: dict[int, list[WordItem]] = {iteration: [] for iteration in there}
    for iteration, some in there.items():
        for one in some:
            chain_id = of_picture.get(one.name)
            if chain_id is None or one.name not in found:
                continue
            text = texts[chain_id, iteration]
            for mention in find_label_words(text, concept):
                word = Word(text, mention.start, mention.end)
                token = text[mention.start : mention.end].lower()
                for face in counted[one.name]:
                    of = (one.name, text, mention.start, face)
                    name, seed = digest(*of, one.digest, boxes[one.name], size=8), digest(*of, size=8)
                    items[iteration].append(WordItem(name, chain_id, one, word, token, mention.category, face, seed))
    return items
