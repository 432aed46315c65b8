"""Models behind small protocols: they draw texts, describe pictures, compare both, find faces and their regions."""

from broken_telephone.models.attribution.class_activation import METHODS, Explanation, Target, Word
from broken_telephone.models.attribution.vision_tower import UnseenError
from broken_telephone.models.describers.endpoint_describer import EndpointDescriber
from broken_telephone.models.describers.transformers_describer import TransformersDescriber
from broken_telephone.models.embedders.transformers_embedder import TransformersEmbedder
from broken_telephone.models.faces.facexlib_parser import FacexlibParser
from broken_telephone.models.faces.retinaface_detector import RetinafaceDetector
from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator
from broken_telephone.models.loading.load_errors import require
from broken_telephone.models.loading.memory import free_memory, is_out_of_memory
from broken_telephone.models.protocols import (
    REGIONS,
    Choices,
    Chooser,
    Describer,
    Description,
    Embedder,
    Explainer,
    Face,
    FaceDetector,
    Failure,
    Generator,
    Likelihoods,
    Model,
    RegionParser,
    TextEmbedder,
)
from broken_telephone.models.registry import (
    make_describer,
    make_detector,
    make_embedder,
    make_generator,
    make_parser,
)
from broken_telephone.models.settings import (
    DescriberSettings,
    DetectorSettings,
    EmbedderSettings,
    EndpointSettings,
    GeneratorSettings,
    ParserSettings,
)

__all__ = [
    "METHODS",
    "REGIONS",
    "Choices",
    "Chooser",
    "Describer",
    "DescriberSettings",
    "Description",
    "DetectorSettings",
    "DiffusersGenerator",
    "Embedder",
    "EmbedderSettings",
    "EndpointDescriber",
    "EndpointSettings",
    "Explainer",
    "Explanation",
    "Face",
    "FaceDetector",
    "FacexlibParser",
    "Failure",
    "Generator",
    "GeneratorSettings",
    "Likelihoods",
    "Model",
    "ParserSettings",
    "RegionParser",
    "RetinafaceDetector",
    "Target",
    "TextEmbedder",
    "TransformersDescriber",
    "TransformersEmbedder",
    "UnseenError",
    "Word",
    "free_memory",
    "is_out_of_memory",
    "make_describer",
    "make_detector",
    "make_embedder",
    "make_generator",
    "make_parser",
    "require",
]
