"""Models behind small protocols: generators, describers, embedders, face detectors and region parsers.

`registry` chooses the adapter. The adapters are imported when a study asks for one, and load weights on first use.
"""

from broken_telephone.models.attribution.class_activation import METHODS, Explanation, Target, Word
from broken_telephone.models.attribution.vision_tower import UnseenError
from broken_telephone.models.endpoints.settings import EndpointSettings, ImageEndpointSettings
from broken_telephone.models.loading.load_errors import require
from broken_telephone.models.loading.memory import free_memory, is_out_of_memory
from broken_telephone.models.protocols import (
    REGIONS,
    Annotator,
    AnswerTable,
    Choices,
    Classifier,
    Describer,
    Description,
    Editor,
    Embedder,
    Explainer,
    Face,
    FaceDetector,
    Failure,
    Finding,
    Generator,
    Labelled,
    Labels,
    Likelihoods,
    Model,
    RegionParser,
    TextEmbedder,
)
from broken_telephone.models.registry import (
    Kind,
    kind_of,
    make_annotator,
    make_describer,
    make_detector,
    make_editor,
    make_embedder,
    make_generator,
    make_model,
    make_parser,
)
from broken_telephone.models.settings import (
    DescriberSettings,
    EmbedderSettings,
    GeneratorSettings,
)

__all__ = [
    "METHODS",
    "REGIONS",
    "Annotator",
    "AnswerTable",
    "Choices",
    "Classifier",
    "Describer",
    "DescriberSettings",
    "Description",
    "Editor",
    "Embedder",
    "EmbedderSettings",
    "EndpointSettings",
    "Explainer",
    "Explanation",
    "Face",
    "FaceDetector",
    "Failure",
    "Finding",
    "Generator",
    "GeneratorSettings",
    "ImageEndpointSettings",
    "Kind",
    "Labelled",
    "Labels",
    "Likelihoods",
    "Model",
    "RegionParser",
    "Target",
    "TextEmbedder",
    "UnseenError",
    "Word",
    "free_memory",
    "is_out_of_memory",
    "kind_of",
    "make_annotator",
    "make_describer",
    "make_detector",
    "make_editor",
    "make_embedder",
    "make_generator",
    "make_model",
    "make_parser",
    "require",
]
