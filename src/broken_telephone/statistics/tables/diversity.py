"""Diversity of the images and texts of each label in each iteration, and its change since the first image."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.diversity import (
    distance_between_starts,
    distance_within_starts,
    effective_number,
    recognition,
    unit_vectors,
)
from broken_telephone.statistics.estimates.jackknife import Jackknife
from broken_telephone.statistics.estimates.panel import ABSENT, clusters_of, first_picture, label_groups
from broken_telephone.statistics.estimates.similarity import Vectors
from broken_telephone.statistics.estimates.text_variety import (
    SHORT,
    different_items,
    most_frequent,
    pairs_of,
    sentences_of,
    words_of,
)
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import benjamini_hochberg
from broken_telephone.statistics.tables.group_table import Map, Row, join_notes

IMAGES, TEXTS = "images", "texts"
BETWEEN, WITHIN = "distance between starts", "distance within starts"
EFFECTIVE = "effective number"
RECOGNISED, RANKED_FIRST = "start recognised", "start ranked first"
VOCABULARY, DISTINCT_WORDS, DISTINCT_PAIRS = "vocabulary", "distinct words", "distinct pairs of words"
TOP_SENTENCE, TOP_WORD = "most frequent sentence", "most frequent word"
_SIZES = ("n", "clusters")
DIVERSITY = ("start", "label", "kind", "measure", "iteration", "value", "ci_low", "ci_high", *_SIZES, "example", "note")
DIVERSITY_CHANGES = (
    *("start", "label", "kind", "measure", "since", "iteration", "before", "after", "value", "ci_low", "ci_high"),
    *("p_value", "p_adjusted", *_SIZES, "note"),
)
_SHARES = (RECOGNISED, RANKED_FIRST, DISTINCT_WORDS, DISTINCT_PAIRS, TOP_SENTENCE, TOP_WORD)
_BOUNDS = dict.fromkeys(_SHARES, (0.0, 1.0)) | dict.fromkeys((BETWEEN, WITHIN), (0.0, 2.0))


class _Measured(NamedTuple):
    kind: str
    measure: str
    iteration: int
    value: Jackknife
    example: str = ""


class _Group(NamedTuple):
    """The chains of one start and label."""

    start: str
    label: str
    rows: np.ndarray
    """int (n,), rows of the chains."""
    owner: np.ndarray
    """int (n,), their starts, 0 to clusters - 1."""
    clusters: int


def diversity_tables(
    chains: pd.DataFrame, pictures: Vectors, sentences: Vectors, texts: np.ndarray, seed: int, each: Map = map
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure diversity within iterations.

    Args:
        chains: the `chains` table; its n rows are the rows of the other arguments.
        pictures: images 0 to K.
        sentences: descriptions 1 to K, in the space in which texts are compared; column 0 is ABSENT.
        texts: object (n, K + 1), the descriptions, or None.
        seed: see `recognition`.
        each: calls a function for each group, see `Map`.

    Returns:
        Columns DIVERSITY, for each start, label (followed by ALL if there are several) and iteration, by `kind` and
        `measure`. `example` is the most frequent sentence or word. Columns DIVERSITY_CHANGES: the change from the first
        iteration that a measure has to the last, with a jackknife test; p_adjusted controls the false discovery rate
        over all its rows. Recognition and distances within starts begin with image 1, because all chains of a start
        share image 0. Texts of chains from prompts begin with description 2, because the first one is the prompt.
    """
    starts, labels = (chains[name].astype(str).to_numpy(dtype=object) for name in ("start", "label"))
    clusters = clusters_of(chains)
    groups = []
    for start, label, chosen in label_groups(starts, labels):
        names, owner = np.unique(clusters[chosen], return_inverse=True)
        groups.append(_Group(start, label, np.flatnonzero(chosen), owner, len(names)))
    measure = partial(_measured, pictures=pictures, sentences=sentences, texts=texts, seed=seed)
    rows: list[Row] = []
    changes: list[Row] = []
    for group, measured in zip(groups, each(measure, groups), strict=True):
        key = {"start": group.start, "label": group.label}
        rows += [key | _row(one) for one in measured]
        changes += [key | change for change in _changes(measured)]
    table = pd.DataFrame(changes, columns=[name for name in DIVERSITY_CHANGES if name != "p_adjusted"])
    table.insert(table.columns.get_loc("p_value") + 1, "p_adjusted", benjamini_hochberg(table, []))
    return pd.DataFrame(rows, columns=list(DIVERSITY)), table


def _measured(group: _Group, pictures: Vectors, sentences: Vectors, texts: np.ndarray, seed: int) -> list[_Measured]:
    last = pictures.places.shape[1] - 1
    originals = _originals(group, pictures) if group.start == "image" else {}
    measured: list[_Measured] = []
    for iteration in range(first_picture(group.start), last + 1):
        vectors, owner = _present(group, pictures, iteration)
        measured += _distances(IMAGES, iteration, vectors, owner, group.clusters)
        if originals and iteration:
            found = recognition(vectors, owner, originals, group.clusters, seed)
            measured += [
                _Measured(IMAGES, name, iteration, value)
                for name, value in zip((RECOGNISED, RANKED_FIRST), found, strict=True)
            ]
    # Description 1 of a chain from a prompt is the prompt itself.
    for iteration in range(1 if group.start == "image" else 2, last + 1):
        vectors, owner = _present(group, sentences, iteration)
        measured += _distances(TEXTS, iteration, vectors, owner, group.clusters)
        measured += _variety(group, texts[group.rows, iteration], iteration)
    return [one for one in measured if one.value.n]


def _present(group: _Group, vectors: Vectors, iteration: int) -> tuple[np.ndarray, np.ndarray]:
    places = vectors.places[group.rows, iteration]
    return unit_vectors(vectors.values[places[places != ABSENT]]), group.owner[places != ABSENT]


def _originals(group: _Group, pictures: Vectors) -> dict[int, np.ndarray]:
    vectors, owner = _present(group, pictures, 0)
    return dict(zip(owner.tolist(), vectors, strict=True))


def _distances(kind: str, iteration: int, vectors: np.ndarray, owner: np.ndarray, clusters: int) -> Iterator[_Measured]:
    if len(vectors):
        measures: dict[str, Callable[..., Jackknife]] = {
            BETWEEN: distance_between_starts,
            WITHIN: distance_within_starts,
            EFFECTIVE: effective_number,
        }
        if iteration == 0:
            # All chains of a start have the same original.
            del measures[WITHIN]
        for name, measure in measures.items():
            yield _Measured(kind, name, iteration, measure(vectors, owner, clusters))


def _variety(group: _Group, texts: np.ndarray, iteration: int) -> Iterator[_Measured]:
    known = np.array([isinstance(text, str) for text in texts], bool)
    own, owner = [str(text) for text in texts[known]], group.owner[known]
    if not own:
        return
    words = [words_of(text) for text in own]
    vocabulary, distinct = different_items(words, owner, group.clusters)
    yield _Measured(TEXTS, VOCABULARY, iteration, vocabulary)
    yield _Measured(TEXTS, DISTINCT_WORDS, iteration, distinct)
    pairs = [pairs_of(one) for one in words]
    yield _Measured(TEXTS, DISTINCT_PAIRS, iteration, different_items(pairs, owner, group.clusters)[1])
    long_words = ([word for word in one if len(word) > SHORT] for one in words)
    counted: dict[str, Iterable[list[str]]] = {TOP_SENTENCE: map(sentences_of, own), TOP_WORD: long_words}
    for name, items in counted.items():
        example, share = most_frequent(items, owner, group.clusters)
        if example:
            yield _Measured(TEXTS, name, iteration, share, example)


def _row(one: _Measured) -> Row:
    bounds = _BOUNDS.get(one.measure, (0.0 if one.measure == VOCABULARY else 1.0, np.inf))
    key: dict[str, Any] = {"kind": one.kind, "measure": one.measure, "iteration": one.iteration}
    sizes = {"n": one.value.n, "clusters": one.value.clusters}
    columns = one.value.estimate(bounds).columns()
    return key | columns | sizes | {"example": one.example, "note": one.value.why_no_interval()}


def _changes(measured: list[_Measured]) -> Iterator[Row]:
    by_measure: dict[tuple[str, str], list[_Measured]] = {}
    for one in measured:
        by_measure.setdefault((one.kind, one.measure), []).append(one)
    for (kind, measure), series in by_measure.items():
        before, after = series[0], series[-1]
        # The most frequent sentences and words of two iterations are different ones.
        if after.iteration == before.iteration or measure in (TOP_SENTENCE, TOP_WORD):
            continue
        change = after.value.since(before.value)
        unequal = "" if after.value.n == before.value.n else f"{before.value.n} chains before, {after.value.n} after"
        yield {
            "kind": kind,
            "measure": measure,
            "since": before.iteration,
            "iteration": after.iteration,
            "before": before.value.value,
            "after": after.value.value,
            **change.estimate().columns(),
            "p_value": change.p_value(),
            "n": change.n,
            "clusters": change.clusters,
            "note": join_notes(change.why_no_interval(), unequal),
        }
