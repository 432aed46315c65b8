"""Takes single items out of the journals' records. The other items of a batch stay as they are.

Each function returns the record without the items of a subject, and how many items that were. A record without items
is to be deleted: its batch then was never made.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from broken_telephone.forgetting.subject import Subject

Record = dict[str, Any]


class Stripped(NamedTuple):
    """A record without the items of a subject."""

    record: Record | None
    """None if nothing is left in it."""
    removed: int
    """Number of removed items."""
    others: int = 0
    """Removed items of other images, because the record does not state what they were made from."""


def without_rows(*lists: str) -> Callable[[Record, Subject], Stripped]:
    """Return the function for records whose items are rows in some lists.

    Names of items that stand elsewhere in the record, such as in `cut`, are removed, too.
    """

    def strip(record: Record, subject: Subject) -> Stripped:
        before = sum(len(record.get(name, ())) for name in lists)
        kept = {name: _without(value, subject) for name, value in record.items()}
        after = sum(len(kept.get(name, ())) for name in lists)
        return Stripped(kept if after or not before else None, before - after)

    return strip


def without_vectors(record: Record, subject: Subject) -> Stripped:
    """Strip a record of `embeddings`: parallel names, digests and rows of vectors."""
    places = [place for place, name in enumerate(record["names"]) if not subject.covers(name)]
    failures = _without(record["failures"], subject)
    removed = len(record["names"]) - len(places) + len(record["failures"]) - len(failures)
    if not removed:
        return Stripped(record, 0)
    if not places and not failures:
        return Stripped(None, removed)
    kept = {**record, "failures": failures, "cut": _without(record["cut"], subject)}
    kept |= {name: [record[name][place] for place in places] for name in ("names", "digests")}
    if "vectors" in record:
        kept["vectors"] = record["vectors"][places]
    return Stripped(kept, removed)


def without_faces(record: Record, subject: Subject) -> Stripped:
    """Strip a record of `face_parts`: pictures, and one array of maps for each."""
    if "pictures" not in record:  # how large pictures are looked at, which no picture is named for
        return Stripped(record, 0)
    places = [place for place, picture in enumerate(record["pictures"]) if not subject.covers(picture["name"])]
    failures = _without(record["failures"], subject)
    removed = len(record["pictures"]) - len(places) + len(record["failures"]) - len(failures)
    if not removed:
        return Stripped(record, 0)
    if not places and not failures:
        return Stripped(None, removed)
    kept = {name: value for name, value in record.items() if not name.startswith("maps_")}
    kept |= {"pictures": [record["pictures"][place] for place in places], "failures": failures}
    kept |= {f"maps_{number}": record[f"maps_{place}"] for number, place in enumerate(places)}
    return Stripped(kept, removed)


def without_words(record: Record, subject: Subject) -> Stripped:
    """Strip a record of `explanations`, whose words are named by digests.

    Records of earlier versions do not state the pictures of their words. Such a record is removed as a whole.
    """
    if "names" not in record:
        return Stripped(record, 0)
    count = len(record["names"]) + len(record["unwritten"]) + len(record["failures"])
    pictures: Mapping[str, str] | None = record.get("pictures")
    if pictures is None:
        return Stripped(None, 0, count)
    gone = {name for name, picture in pictures.items() if subject.covers(picture)}
    # An image that did not open is tried again anyway, and its words do not state it.
    failures = [one for one in record["failures"] if one["name"] in pictures and one["name"] not in gone]
    if not gone and len(failures) == len(record["failures"]):
        return Stripped(record, 0)
    places = [place for place, name in enumerate(record["names"]) if name not in gone]
    unwritten = [name for name in record["unwritten"] if name not in gone]
    removed = count - len(places) - len(unwritten) - len(failures)
    if not places and not unwritten and not failures:
        return Stripped(None, removed)
    number_of = {place: number for number, place in enumerate(places)}
    kept = {name: value for name, value in record.items() if not name.startswith("map_")}
    kept |= {name: [record[name][place] for place in places] for name in ("names", "rows")}
    kept |= {"unwritten": unwritten, "failures": failures, "having": {}}
    kept["pictures"] = {name: picture for name, picture in pictures.items() if name not in gone}
    for name, having in record["having"].items():
        own = [number for number, place in enumerate(having) if place in number_of]
        del kept[name]
        if own:
            kept["having"][name] = [number_of[having[number]] for number in own]
            kept[name] = np.asarray(record[name])[own]
    kept |= {f"map_{number}": record[f"map_{place}"] for place, number in number_of.items() if f"map_{place}" in record}
    return Stripped(kept, removed)


def _without(value: Any, subject: Subject) -> Any:
    """Return plain values without the list entries and keys that name an item of the subject."""
    if isinstance(value, dict):
        return {key: _without(inner, subject) for key, inner in value.items() if not subject.covers(key)}
    if isinstance(value, list):
        return [_without(inner, subject) for inner in value if not _is_item(inner, subject)]
    return value


def _is_item(entry: Any, subject: Subject) -> bool:
    return subject.covers_row(entry) if isinstance(entry, dict) else subject.covers(entry)
