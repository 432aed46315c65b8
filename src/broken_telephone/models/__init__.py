"""Models behind two small protocols: a generator draws texts, a describer describes pictures."""

from broken_telephone.models.base import Describer, Description, Generator
from broken_telephone.models.diffusers_generator import DiffusersGenerator
from broken_telephone.models.settings import DescriberSettings, GeneratorSettings
from broken_telephone.models.transformers_describer import TransformersDescriber

__all__ = [
    "Describer",
    "DescriberSettings",
    "Description",
    "DiffusersGenerator",
    "Generator",
    "GeneratorSettings",
    "TransformersDescriber",
]
