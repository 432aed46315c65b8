"""What the explanation of a study has come to, in one record: what was looked at, and what could not be explained."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from broken_telephone.execution.journal import Entry, results_of
from broken_telephone.explainability.items import WordItem


def manifest(
    study: str,
    by: Mapping[str, Any],
    pictures: Sequence[str],
    written: Set[str],
    faces: Mapping[str, Entry],
    main_face: Mapping[str, Sequence[int]],
    items: Sequence[WordItem],
    words: Mapping[str, Entry],
    seconds: float,
    patterns: Sequence[str] = (),
) -> dict[str, Any]:
    """State what was explained.

    Args:
        study: its name.
        by: models and settings.
        pictures: that were sampled.
        written: pictures that something was written about.
        faces: picture -> what the journal says about its faces.
        main_face: picture -> the face of its main person; empty if there is none.
        items: words that are explained.
        words: word -> what the journal says about it.
        seconds: in the describer.
        patterns: of further words.

    Returns:
        Counts of pictures, and of those that were left out by what they lack (of words, where the model's tokens do
        not write them); failures with their reasons.
    """
    known = [(item, words[item.name]) for item in items if item.name in words]
    done = [item for item, entry in known if entry.result is not None]
    unwritten = {item.name for item, entry in known if entry.result is None and entry.failure is None}
    failures = {name: entry.failure for name, entry in faces.items() if entry.failure is not None}
    failures |= {item.picture.name: entry.failure for item, entry in known if entry.failure is not None}
    with_words = {item.picture.name for item in items}
    looked_at = results_of(faces)
    faceless = [name for name in pictures if name in looked_at and not looked_at[name].faces]
    without_main = [name for name in pictures if name in looked_at and looked_at[name].faces and not main_face[name]]
    silent = [name for name in pictures if main_face.get(name) and name not in written]
    wordless = [name for name in pictures if main_face.get(name) and name in written and name not in with_words]
    with_description = [name for name in pictures if main_face.get(name) and name in written]
    matched = {(item.picture.name, item.term) for item in items if not item.names_label}
    return {
        "study": study,
        "by": dict(by),
        "pictures": len(pictures),
        "explained": {"pictures": len({item.picture.name for item in done}), "words": len(done)},
        "left_out": {
            "no face": len(faceless),
            "no face of the main person": len(without_main),
            "no description": len(silent),
            "no word to explain": len(wordless),
            "the model's tokens do not write the word": len(unwritten),
        },
        "patterns": {
            pattern: {
                "pictures": len(with_description),
                "without": sum((name, pattern) not in matched for name in with_description),
            }
            for pattern in patterns
        },
        "failures": [{"picture": name, "reason": failure["reason"]} for name, failure in failures.items()],
        "seconds": seconds,
    }
