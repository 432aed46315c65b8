"""Every picture and every text of a study as a vector, so that similarities can be measured."""

from broken_telephone.similarity.items import Text, digests_of, items
from broken_telephone.similarity.journal import Stored, stored
from broken_telephone.similarity.manifest import manifest
from broken_telephone.similarity.run import embed
from broken_telephone.similarity.settings import EmbeddingSettings
from broken_telephone.similarity.spaces import IMAGES, SENTENCES, TEXTS, Space, spaces
from broken_telephone.similarity.vectors_by_chain import Arranged, arrange

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
