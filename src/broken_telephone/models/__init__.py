"""Models behind small protocols: one draws texts, one describes pictures, one tells how similar both are."""

from broken_telephone.models.base import (
    Choices,
    Chooser,
    Describer,
    Description,
    Embedder,
    Explainer,
    Failure,
    Generator,
    Likelihoods,
    Model,
    TextEmbedder,
)
from broken_telephone.models.class_activation import METHODS, Explanation, Target, Word
from broken_telephone.models.choose import make_describer, make_embedder, make_generator
from broken_telephone.models.diffusers_generator import DiffusersGenerator
from broken_telephone.models.endpoint_describer import EndpointDescriber
from broken_telephone.models.loading import require
from broken_telephone.models.memory import free_memory, is_out_of_memory
from broken_telephone.models.settings import DescriberSettings, EmbedderSettings, EndpointSettings, GeneratorSettings
from broken_telephone.models.transformers_describer import TransformersDescriber
from broken_telephone.models.transformers_embedder import TransformersEmbedder

__all__ = [
    "METHODS",
    "Choices",
    "Chooser",
    "Describer",
    "DescriberSettings",
    "Description",
    "DiffusersGenerator",
    "Embedder",
    "EmbedderSettings",
    "EndpointDescriber",
    "EndpointSettings",
    "Explainer",
    "Explanation",
    "Failure",
    "Generator",
    "GeneratorSettings",
    "Likelihoods",
    "Model",
    "Target",
    "TextEmbedder",
    "TransformersDescriber",
    "TransformersEmbedder",
    "Word",
    "free_memory",
    "is_out_of_memory",
    "make_describer",
    "make_embedder",
    "make_generator",
    "require",
]
