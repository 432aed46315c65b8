"""The one table of adapters: which class runs a model of each kind, and which settings it takes."""

from collections.abc import Callable
from functools import partial
from pkgutil import resolve_name
from typing import Any, Literal, NamedTuple

from broken_telephone.errors import StudyError
from broken_telephone.models.annotators.settings import (
    ClassifierSettings,
    FunctionSettings,
    TableSettings,
    ZeroShotSettings,
)
from broken_telephone.models.endpoints.settings import EndpointSettings, ImageEndpointSettings
from broken_telephone.models.generators.settings import UnifiedSettings
from broken_telephone.models.protocols import (
    Annotator,
    Describer,
    Editor,
    Embedder,
    FaceDetector,
    Generator,
    RegionParser,
)
from broken_telephone.models.settings import (
    DescriberSettings,
    DetectorSettings,
    EmbedderSettings,
    GeneratorSettings,
    ParserSettings,
    SegmenterSettings,
)
from broken_telephone.study_config.settings_group import Settings

Kind = Literal["generator", "editor", "describer", "annotator", "embedder", "detector", "parser"]


class Adapter(NamedTuple):
    """A class that runs models of one kind."""

    settings: type[Settings]
    path: str
    """Its module and name in this package. The module is imported when a study asks for such a model."""


ADAPTERS: dict[str, Adapter] = {
    "generator": Adapter(GeneratorSettings, "generators.diffusers_generator:DiffusersGenerator"),
    "generator with endpoint": Adapter(ImageEndpointSettings, "generators.endpoint_generator:EndpointGenerator"),
    "generator with unified": Adapter(UnifiedSettings, "generators.unified.unified_generator:UnifiedGenerator"),
    "editor": Adapter(GeneratorSettings, "generators.diffusers_editor:DiffusersEditor"),
    "describer": Adapter(DescriberSettings, "describers.transformers_describer:TransformersDescriber"),
    "describer with endpoint": Adapter(EndpointSettings, "describers.endpoint_describer:EndpointDescriber"),
    # An annotator without one of these settings is a describer.
    "annotator with classifier": Adapter(ClassifierSettings, "annotators.image_classifier:ImageClassifier"),
    "annotator with classifiers": Adapter(ClassifierSettings, "annotators.image_classifier:ImageClassifier"),
    "annotator with zero_shot": Adapter(ZeroShotSettings, "annotators.zero_shot:ZeroShotAnnotator"),
    "annotator with function": Adapter(FunctionSettings, "annotators.function_annotator:FunctionAnnotator"),
    "annotator with table": Adapter(TableSettings, "annotators.answer_table:CsvAnswers"),
    "embedder": Adapter(EmbedderSettings, "embedders.transformers_embedder:TransformersEmbedder"),
    "detector": Adapter(DetectorSettings, "faces.retinaface_detector:RetinafaceDetector"),
    "parser": Adapter(ParserSettings, "faces.facexlib_parser:FacexlibParser"),
    "parser with hub": Adapter(SegmenterSettings, "faces.transformers_parser:TransformersParser"),
    "parser with regions": Adapter(SegmenterSettings, "faces.transformers_parser:TransformersParser"),
}
"""A kind -> the adapter of its models; "<kind> with <setting>" -> that of models whose settings state `setting`."""


def kind_of(kind: Kind, settings: dict[str, Any]) -> Kind:
    """Return the kind itself; `describer` for an annotator whose settings are those of a describer."""
    return "describer" if kind == "annotator" and _special(kind, settings) is None else kind


def _special(kind: Kind, settings: dict[str, Any]) -> str | None:
    """Return the key of the adapter that one of the settings selects."""
    keys = (f"{kind} with {name}" for name, value in settings.items() if value is not None)
    return next((key for key in keys if key in ADAPTERS), None)


def make_model(
    kind: Kind, settings: dict[str, Any], setting: str | None = None, detector: dict[str, Any] | None = None
) -> Any:
    """Return a model of a kind, which follows the protocol of that kind and holds no weights yet.

    Args:
        kind: the kind.
        settings: plain values of the settings that the adapter takes.
        setting: their name in the study, for errors; the kind unless stated.
        detector: settings of the study's face detector, for annotators that read faces.

    Raises:
        StudyError: naming the settings that are wrong.
    """
    setting, kind = setting or kind, kind_of(kind, settings)
    if kind == "editor":
        _refuse_other_generators(settings)
    adapter = ADAPTERS[_special(kind, settings) or kind]
    model = resolve_name(f"{__package__}.{adapter.path}")
    parts = (detector,) if kind == "annotator" else ()
    return model(adapter.settings.model_validate(settings), setting, *parts)


def _refuse_other_generators(settings: dict[str, Any]) -> None:
    """Refuse the settings of a generator that cannot change pictures, such as a study's own generator."""
    if (key := _special("generator", settings)) is not None:
        raise StudyError(
            f"a {key} draws pictures and cannot change them. Name a pipeline of diffusers in counterfactuals.model"
        )


make_generator: Callable[..., Generator] = partial(make_model, "generator")
make_editor: Callable[..., Editor] = partial(make_model, "editor")
make_describer: Callable[..., Describer] = partial(make_model, "describer")
make_annotator: Callable[..., Annotator] = partial(make_model, "annotator")
make_embedder: Callable[..., Embedder] = partial(make_model, "embedder")
make_detector: Callable[..., FaceDetector] = partial(make_model, "detector")
make_parser: Callable[..., RegionParser] = partial(make_model, "parser")
