"""Catalog types for the study's models: `catalog.load("describer")` returns a describer."""

from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from broken_telephone.datasets.previews import json_preview
from broken_telephone.datasets.shared_models import model_of
from broken_telephone.errors import StudyError
from broken_telephone.models import (
    Annotator,
    Describer,
    Editor,
    Embedder,
    FaceDetector,
    Generator,
    Kind,
    RegionParser,
    kind_of,
)

AnyModel = Generator | Editor | Describer | Annotator | Embedder | FaceDetector | RegionParser


_OTHER_KINDS = ". An annotator of another kind has one of classifier, classifiers, zero_shot, function, table"


class ModelDataset(AbstractDataset[None, AnyModel]):
    """One of a study's models. Its weights are loaded when it is first used."""

    def __init__(
        self,
        *,
        kind: Kind,
        settings: dict[str, Any],
        setting: str | None = None,
        otherwise: dict[str, Any] | None = None,
        detector: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Check the settings against their class, which the table of adapters in `models/registry.py` names.

        Args:
            kind: the kind of model.
            settings: of the model.
            setting: the name of the settings in parameters.yml, for errors; the kind unless stated.
            otherwise: settings of the model that is used if `settings` is empty.
            detector: settings of the study's face detector, for an annotator that reads faces.
            metadata: for kedro-viz.

        Raises:
            StudyError: naming the settings that are wrong.
        """
        hint = _OTHER_KINDS if kind == "annotator" and settings else ""
        kind = kind_of(kind, settings or otherwise or {})
        self._kind = kind
        # An error in the other model's settings names those.
        setting = setting if settings and setting is not None else kind
        settings = settings or otherwise or {}
        self._settings = settings
        self.metadata = metadata
        try:
            self._model: AnyModel = model_of(kind, settings, setting, detector)
        except StudyError as error:
            hint = hint if kind == "describer" else ""
            raise StudyError(f"Settings of the {setting}: {error}{hint}") from None

    def load(self) -> AnyModel:
        """Return the model, always the same one."""
        return self._model

    def save(self, data: None) -> None:
        """Refuse: models are trained elsewhere."""
        raise TypeError(f"the {self._kind} is only read, never written")

    def preview(self) -> JSONPreview:
        """Show kind and settings; no weights are loaded."""
        return json_preview(self._describe())

    def _describe(self) -> dict[str, Any]:
        return {"kind": self._kind, "settings": self._settings}


class ModelsDataset(AbstractDataset[None, dict[str, AnyModel]]):
    """Several of a study's models of one kind, by name. The weights of each are loaded when it is first used."""

    def __init__(
        self,
        *,
        kind: Kind,
        settings: dict[str, dict[str, Any]],
        setting: str,
        detector: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Check the settings of each model as `ModelDataset` does.

        Args:
            kind: the kind of all models.
            settings: name -> settings of the model.
            setting: the name of the settings in parameters.yml, for errors.
            detector: settings of the study's face detector, for annotators that read faces.
            metadata: for kedro-viz.

        Raises:
            StudyError: naming the model and the settings that are wrong.
        """
        self._kind = kind
        self._settings = settings
        self.metadata = metadata
        self._models: dict[str, AnyModel] = {}
        for name, own in settings.items():
            if not isinstance(name, str):
                raise StudyError(f"{setting}: {name!r} is no name. Write it in quotation marks")
            if not isinstance(own, dict) or not own:
                raise StudyError(f"{setting}.{name}: the settings of a model are expected, not {own!r}")
            self._models[name] = ModelDataset(
                kind=kind, settings=own, setting=f"{setting}.{name}", detector=detector
            ).load()

    def load(self) -> dict[str, AnyModel]:
        """Return the models by name, always the same ones, in the order of the settings."""
        return self._models

    def save(self, data: None) -> None:
        """Refuse: models are trained elsewhere."""
        raise TypeError(f"a {self._kind} is only read, never written")

    def preview(self) -> JSONPreview:
        """Show kind and settings; no weights are loaded."""
        return json_preview(self._describe())

    def _describe(self) -> dict[str, Any]:
        return {"kind": self._kind, "settings": self._settings}
