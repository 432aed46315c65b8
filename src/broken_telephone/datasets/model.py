"""A catalog type for the study's models: `catalog.load("describer")` gives a ready describer."""

from typing import Any

from kedro.io import AbstractDataset

from broken_telephone.errors import StudyError
from broken_telephone.models import Describer, Embedder, FaceDetector, Generator, Kind, RegionParser, make_model

AnyModel = Generator | Describer | Embedder | FaceDetector | RegionParser


class ModelDataset(AbstractDataset[None, AnyModel]):
    """One of a study's models. Its weights are loaded when it is first used."""

    def __init__(
        self,
        *,
        kind: Kind,
        settings: dict[str, Any],
        setting: str | None = None,
        otherwise: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Check the settings: those of the kind in `models/settings.py`; a describer's may be `EndpointSettings`.

        Args:
            kind: which of them.
            settings: of the model.
            setting: their name in the study, for errors; the kind's own unless stated.
            otherwise: of the model that stands in if `settings` is empty.
            metadata: for kedro-viz.

        Raises:
            StudyError: naming the settings that are wrong.
        """
        self._kind = kind
        # Of the model that stands in, what may be wrong stands in its own settings.
        setting = setting if settings and setting is not None else kind
        settings = settings or otherwise or {}
        self._settings = settings
        self.metadata = metadata
        try:
            self._model: AnyModel = make_model(kind, settings, setting)
        except StudyError as error:
            raise StudyError(f"Settings of the {setting}: {error}") from None

    def load(self) -> AnyModel:
        """Return the model, always the same one."""
        return self._model

    def save(self, data: None) -> None:
        """Refuse: models are made elsewhere."""
        raise TypeError(f"the {self._kind} is only read, never written")

    def _describe(self) -> dict[str, Any]:
        return {"kind": self._kind, "settings": self._settings}
