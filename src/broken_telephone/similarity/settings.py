"""The settings of the embedding."""

from broken_telephone.execution.settings import BatchedSettings


class EmbeddingSettings(BatchedSettings):
    """How pictures and texts are embedded. Results do not depend on it."""

    group = "embedding"
