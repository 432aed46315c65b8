"""States the embedding spaces: pictures and texts in a shared one, and texts in one of their own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broken_telephone.models import Embedder, TextEmbedder
from broken_telephone.seeds import digest

IMAGES, TEXTS, SENTENCES = "images", "texts", "sentences"


@dataclass(frozen=True)
class Space:
    """Pictures or texts, embedded by one model."""

    name: str
    """`IMAGES` or `TEXTS`, which share a space; `SENTENCES`, texts in the space of a model of their own."""
    model: str
    """The model by the name that tasks use."""
    by: str
    """The model's own name."""
    settings: Mapping[str, Any]
    """Everything about the model that its vectors depend on."""
    identity: str
    """A digest of the model and of the study whose pictures and texts they are."""
    identity_in: Callable[[Mapping[str, Any]], str] = field(compare=False)
    """Returns the identity of the same space in a study with other loop settings."""

    @property
    def key(self) -> str:
        """The identity of its records in the journal. Other models have another."""
        return f"{self.name}_{self.identity}"

    def key_in(self, loop_settings: Mapping[str, Any]) -> str:
        """Return the identity of the records of the same space in a study with these loop settings."""
        return f"{self.name}_{self.identity_in(loop_settings)}"


def spaces(embedder: Embedder, loop_settings: Mapping[str, Any]) -> list[Space]:
    """Return the spaces of a study; `SENTENCES` only where it names a model for texts alone.

    Args:
        embedder: the study's.
        loop_settings: as sealed: other pictures are other vectors.

    Raises:
        StudyError: if a model does not exist.
    """
    result = [_space(name, "embedder", embedder, loop_settings) for name in (IMAGES, TEXTS)]
    if embedder.sentences is not embedder:
        result.append(_space(SENTENCES, "sentences", embedder.sentences, loop_settings))
    return result


def _space(name: str, role: str, model: TextEmbedder, loop_settings: Mapping[str, Any]) -> Space:
    settings = model.identity()

    def identity_in(loop: Mapping[str, Any]) -> str:
        return digest(json.dumps([loop, settings], sort_keys=True), size=6)

    return Space(name, role, model.name, settings, identity_in(loop_settings), identity_in)
