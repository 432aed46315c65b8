"""Every picture and every text of a study as a vector, so that similarities can be measured."""

from broken_telephone.embed.arrange import Arranged, arrange
from broken_telephone.embed.items import Text, digests_of, items
from broken_telephone.embed.journal import Stored, stored
from broken_telephone.embed.manifest import manifest
from broken_telephone.embed.run import embed
from broken_telephone.embed.settings import EmbeddingSettings
from broken_telephone.embed.spaces import IMAGES, SENTENCES, TEXTS, Space, spaces

__all__ = [
    "IMAGES",
    "SENTENCES",
    "TEXTS",
    "Arranged",
    "EmbeddingSettings",
    "Space",
    "Stored",
    "Text",
    "arrange",
    "digests_of",
    "embed",
    "items",
    "manifest",
    "spaces",
    "stored",
]
