"""From plain settings to a model: which adapter they ask for."""

from typing import Any

from broken_telephone.models.describers.endpoint_describer import EndpointDescriber
from broken_telephone.models.describers.transformers_describer import TransformersDescriber
from broken_telephone.models.embedders.transformers_embedder import TransformersEmbedder
from broken_telephone.models.faces.facexlib_parser import FacexlibParser
from broken_telephone.models.faces.retinaface_detector import RetinafaceDetector
from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator
from broken_telephone.models.protocols import Describer, Embedder, FaceDetector, Generator, RegionParser
from broken_telephone.models.settings import (
    DescriberSettings,
    DetectorSettings,
    EmbedderSettings,
    EndpointSettings,
    GeneratorSettings,
    ParserSettings,
)


def make_generator(settings: dict[str, Any], setting: str = "generator") -> Generator:
    """Return a generator that holds no weights yet.

    Raises:
        StudyError: naming the settings that are wrong.
    """
    return DiffusersGenerator(GeneratorSettings.model_validate(settings), setting)


def make_describer(settings: dict[str, Any], setting: str = "describer") -> Describer:
    """Return a describer that holds no weights yet: behind an `endpoint` if one is named, else a local model.

    Raises:
        StudyError: naming the settings that are wrong.
    """
    if settings.get("endpoint") is not None:
        return EndpointDescriber(EndpointSettings.model_validate(settings), setting)
    return TransformersDescriber(DescriberSettings.model_validate(settings), setting)


def make_embedder(settings: dict[str, Any], setting: str = "embedder") -> Embedder:
    """Return an embedder that holds no weights yet.

    Raises:
        StudyError: naming the settings that are wrong.
    """
    return TransformersEmbedder(EmbedderSettings.model_validate(settings), setting)


def make_detector(settings: dict[str, Any], setting: str = "detector") -> FaceDetector:
    """Return a face detector that holds no weights yet.

    Raises:
        StudyError: naming the settings that are wrong.
    """
    return RetinafaceDetector(DetectorSettings.model_validate(settings), setting)


def make_parser(settings: dict[str, Any], setting: str = "parser") -> RegionParser:
    """Return a region parser that holds no weights yet.

    Raises:
        StudyError: naming the settings that are wrong.
    """
    return FacexlibParser(ParserSettings.model_validate(settings), setting)
