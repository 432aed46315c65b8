"""Chooses the chains to explain, and finds the words that are explained in their texts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.explainability.journal import PictureContent
from broken_telephone.explainability.word_patterns import find_pattern
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
    term: str
    """The label that it names, or the pattern that it matches."""
    names_label: bool
    """Whether the term is a label."""
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
    regions_from: Mapping[str, object],
    patterns: Sequence[str] = (),
) -> dict[int, list[WordItem]]:
    """Return every word that names a label or matches a pattern, for the main person of each picture, by iteration.

    Args:
        pictures: that are explained, by iteration.
        texts: see `texts_of`.
        concept: whose labels words name.
        contents: picture -> its faces.
        main_face: picture -> the face of its main person; empty if there is none.
        regions_from: picture -> what the data set says of its regions: boxes of its people, and the mask of props.
        patterns: of further words, see `word_patterns`.
    """
    items: dict[int, list[WordItem]] = {iteration: [] for iteration in pictures}
    for iteration, some in pictures.items():
        for one in some:
            if one.name not in texts or one.name not in contents:
                continue
            chain_id, text = texts[one.name]
            for (begin, end, term, names_label), face in product(_terms(text, concept, patterns), main_face[one.name]):
                of = (one.name, text, begin, face, *(() if names_label else (end, term)))
                name, seed = digest(*of, one.digest, regions_from[one.name], size=8), digest(*of, size=8)
                word, token = Word(text, begin, end), text[begin:end].lower()
                items[iteration].append(WordItem(name, chain_id, one, word, token, term, names_label, face, seed))
    return items


def _terms(text: str, concept: Variable, patterns: Sequence[str]) -> Iterator[tuple[int, int, str, bool]]:
    """Yield start, end and term of every word, and whether the term is a label."""
    for mention in find_label_words(text, concept):
        yield mention.start, mention.end, mention.category, True
    for pattern in patterns:
        for begin, end in find_pattern(text, pattern):
            yield begin, end, pattern, False
