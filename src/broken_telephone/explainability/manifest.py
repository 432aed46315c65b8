"""What the explanation of a study has come to, in one record: what was looked at, and what could not be explained."""

from collections.abc import Mapping, Sequence
from typing import Any

from broken_telephone.explainability.items import WordItem
from broken_telephone.explainability.journal import Found, Records, failures_in
from broken_telephone.explainability.tables import explanations_in


def manifest(
    study: str,
    by: Mapping[str, Any],
    pictures: Sequence[str],
    texts: Mapping[str, bool],
    found: Mapping[str, Found],
    counted: Mapping[str, Sequence[int]],
    items: Sequence[WordItem],
    parts_identity: str,
    parts: Records,
    words_identity: str,
    words: Records,
) -> dict[str, Any]:
    """State what was explained.

    Args:
        study: its name.
        by: models and settings.
        pictures: that were sampled.
        texts: picture -> whether anything was written about it.
        found: picture -> what is in it.
        counted: picture -> which faces count.
        items: words that are explained.
        parts_identity: of faces and regions in their journal.
        parts: the journal of faces and regions.
        words_identity: of words in theirs.
        words: the journal of words.

    Returns:
        Counts of pictures, and of those that were left out by what they lack (of words, where the model's tokens do
        not write them); failures with their reasons.
    """
    explained = explanations_in(words_identity, words)
    with_words = {item.picture.name for item in items}
    done = [item for item in items if item.name in explained.rows]
    broken = {item.picture.name: explained.failures[item.name] for item in items if item.name in explained.failures}
    faceless = [name for name in pictures if name in found and not found[name].faces]
    uncounted = [name for name in pictures if name in found and found[name].faces and not counted[name]]
    silent = [name for name in pictures if counted.get(name) and not texts[name]]
    wordless = [name for name in pictures if counted.get(name) and texts[name] and name not in with_words]
    return {
        "study": study,
        "by": dict(by),
        "pictures": len(pictures),
        "explained": {"pictures": len({item.picture.name for item in done}), "words": len(done)},
        "left_out": {
            "no face": len(faceless),
            "no face of a person with the label": len(uncounted),
            "no description": len(silent),
            "no word that names a label": len(wordless),
            "the model's tokens do not write the word": len(explained.unwritten & {item.name for item in items}),
        },
        "failures": [
            {"picture": name, "reason": reason}
            for name, reason in {**failures_in(parts_identity, parts), **broken}.items()
        ],
        "seconds": round(explained.seconds, 3),
    }
