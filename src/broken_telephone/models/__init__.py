"""Models behind two small protocols: a generator draws texts, a describer describes pictures."""

from broken_telephone.models.base import (
    Choices,
    Chooser,
    Describer,
    Description,
    Failure,
    Generator,
    Likelihoods,
    Model,
)
from broken_telephone.models.choose import make_describer, make_generator
from broken_telephone.models.diffusers_generator import DiffusersGenerator
from broken_telephone.models.endpoint_describer import EndpointDescriber
from broken_telephone.models.loading import require
from broken_telephone.models.memory import free_memory, is_out_of_memory
from broken_telephone.models.settings import DescriberSettings, EndpointSettings, GeneratorSettings
from broken_telephone.models.transformers_describer import TransformersDescriber

__all__ = [
    "Choices",
    "Chooser",
    "Describer",
    "DescriberSettings",
    "Description",
    "DiffusersGenerator",
    "EndpointDescriber",
    "EndpointSettings",
    "Failure",
    "Generator",
    "GeneratorSettings",
    "Likelihoods",
    "Model",
    "TransformersDescriber",
    "free_memory",
    "is_out_of_memory",
    "make_describer",
    "make_generator",
    "require",
]
