"""Variety of texts: vocabulary, different words and pairs of words, and the most frequent sentence and word."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from broken_telephone.statistics.estimates.jackknife import Jackknife, jackknifed_ratio, ratios

SHORT = 3
"""Words of at most so many letters, such as articles, are never the most frequent word."""
_WORD = re.compile("[^\\W_]+(?:['\u2019-][^\\W_]+)*")
_SENTENCE = re.compile("(?<=[.!?\u3002\uff01\uff1f])\\s*(?:\\s|$|(?<=[\u3002\uff01\uff1f]))|\n+")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, in lower case and with single spaces."""
    return [part for piece in _SENTENCE.split(text.lower()) if (part := " ".join(piece.split()))]


def pairs_of(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return all pairs of words that follow each other."""
    return list(pairwise(words))


def different_items(
    items: Sequence[Sequence[Hashable]], owner: np.ndarray, clusters: int
) -> tuple[Jackknife, Jackknife]:
    """Count the different items of texts, and divide them by all items (distinct-n of Li et al. 2016, NAACL).

    Args:
        items: of each text, such as its words.
        owner: int (n,), the start of each text, 0 to clusters - 1.
        clusters: number of starts of the group.

    Returns:
        The number of different items, and their share of all items.
    """
    owners: dict[Hashable, int] = {}
    counts = np.zeros(clusters)
    for own_items, start in zip(items, owner.tolist(), strict=True):
        counts[start] += len(own_items)
        for item in own_items:
            # Items of several starts are marked by -1.
            owners[item] = start if owners.get(item, start) == start else -1
    holders = np.array([start for start in owners.values() if start >= 0], np.int64)
    different, total = len(owners), counts.sum()
    without = different - np.bincount(holders, minlength=clusters).astype(float)
    sizes = len(items), len(np.unique(owner))
    shares = ratios(without, total - counts)
    return Jackknife(float(different), without, *sizes), Jackknife(float(ratios(different, total)), shares, *sizes)


def most_frequent(items: Iterable[Iterable[str]], owner: np.ndarray, clusters: int) -> tuple[str, Jackknife]:
    """Return the item that most texts contain, the first of several, and the share of texts that contain it.

    See `different_items` for the arguments.
    """
    sets = [set(own_items) for own_items in items]
    counts = Counter(item for own_items in sets for item in sorted(own_items))
    top = max(counts, key=lambda item: counts[item]) if counts else ""
    contains = np.array([top in own_items for own_items in sets], float)
    sizes = np.bincount(owner, minlength=clusters).astype(float)
    return top, jackknifed_ratio(np.bincount(owner, contains, clusters) if len(owner) else np.zeros(clusters), sizes)
