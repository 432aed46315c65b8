"""The settings of the embedding."""

from broken_telephone.work import WorkSettings
from broken_telephone.work.settings import Size


class EmbeddingSettings(WorkSettings):
    """How pictures and texts are embedded. Results do not depend on it."""

    group = "embedding"
    batch: Size = "auto"
    """Pictures, or texts, embedded at once."""
