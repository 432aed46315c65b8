"""Summarises the embedding of a study in one record: models, counts of vectors, truncated texts, failures."""

from collections.abc import Mapping
from typing import Any

from broken_telephone.similarity.items import Items
from broken_telephone.similarity.journal import Stored
from broken_telephone.similarity.spaces import Space


def manifest(study: str, spaces: list[Space], items: Items, vectors: Mapping[str, Stored]) -> dict[str, Any]:
    """State what was embedded.

    Args:
        study: its name.
        spaces: what is embedded by which model.
        items: the study's pictures and texts; originals that replicates share and equal texts count once.
        vectors: what the journal holds, by space.

    Returns:
        `embedded`: by space, the model and its settings, how many items have a vector, how many texts were longer than
        the model reads, so that only their beginning counts, pictures that failed, seconds in the
        model, and how many vectors were adopted from which study.
    """
    return {"study": study, "embedded": {space.name: _of(space, items, vectors[space.name]) for space in spaces}}


def _of(space: Space, items: Items, stored: Stored) -> dict[str, Any]:
    names = {item.name for some in items[space.name].values() for item in some}
    return {
        "by": space.by,
        "settings": dict(space.settings),
        "embedded": len(names & stored.places.keys()),
        "cut": len(names & stored.cut),
        "failures": [
            {part: failure[part] for part in ("name", "kind", "reason")}
            for name, failure in stored.failures.items()
            if name in names
        ],
        "seconds": stored.seconds,
        "adopted": stored.adopted,
    }
