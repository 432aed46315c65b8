"""A catalog type for the study's models: `catalog.load("describer")` returns a describer."""

from collections.abc import Callable
from typing import Any, Literal

from kedro.io import AbstractDataset

from broken_telephone.errors import StudyError
from broken_telephone.models import (
    Describer,
    Embedder,
    FaceDetector,
    Generator,
    RegionParser,
    make_describer,
    make_detector,
    make_embedder,
    make_generator,
    make_parser,
)

Kind = Literal["generator", "describer", "embedder", "detector", "parser"]
AnyModel = Generator | Describer | Embedder | FaceDetector | RegionParser
_MAKE: dict[Kind, Callable[[dict[str, Any], str], AnyModel]] = {
    "generator": make_generator,
    "describer": make_describer,
    "embedder": make_embedder,
    "detector": make_detector,
    "parser": make_parser,
}


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
        """Check the settings against their class in `models/settings.py`; a describer may have `EndpointSettings`.

        Args:
            kind: the kind of model.
            settings: of the model.
            setting: the name of the settings in parameters.yml, for errors; the kind unless stated.
            otherwise: settings of the model that is used if `settings` is empty.
            metadata: for kedro-viz.

        Raises:
            StudyError: naming the settings that are wrong.
        """
        self._kind = kind
        # An error in the other model's settings names those.
        setting = setting if settings and setting is not None else kind
        settings = settings or otherwise or {}
        self._settings = settings
        self.metadata = metadata
        try:
            self._model = _MAKE[kind](settings, setting)
        except StudyError as error:
            raise StudyError(f"Settings of the {setting}: {error}") from None

    def load(self) -> AnyModel:
        """Return the model, always the same one."""
        return self._model

    def save(self, data: None) -> None:
        """Refuse: models are trained elsewhere."""
        raise TypeError(f"the {self._kind} is only read, never written")

    def _describe(self) -> dict[str, Any]:
        return {"kind": self._kind, "settings": self._settings}
