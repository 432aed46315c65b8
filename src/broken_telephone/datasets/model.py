"""A catalog type for the study's models: `catalog.load("describer")` gives a ready describer."""

from typing import Any, Literal

from kedro.io import AbstractDataset

from broken_telephone.errors import StudyError
from broken_telephone.models import Describer, Generator, make_describer, make_generator


class ModelDataset(AbstractDataset[None, Generator | Describer]):
    """A generator or a describer. Its weights are loaded when it is first used."""

    def __init__(
        self,
        *,
        kind: Literal["generator", "describer"],
        settings: dict[str, Any],
        otherwise: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Check the settings (`GeneratorSettings`; `DescriberSettings` or `EndpointSettings`).

        Args:
            kind: which of the two.
            settings: of the model.
            otherwise: of the model that stands in if `settings` is empty.
            metadata: for kedro-viz.

        Raises:
            StudyError: naming the settings that are wrong.
        """
        self._kind = kind
        settings = settings or otherwise or {}
        self._settings = settings
        self.metadata = metadata
        try:
            self._model: Generator | Describer = (
                make_generator(settings) if kind == "generator" else make_describer(settings)
            )
        except StudyError as error:
            raise StudyError(f"Settings of the {kind}: {error}") from None

    def load(self) -> Generator | Describer:
        """Return the model, always the same one."""
        return self._model

    def save(self, data: None) -> None:
        """Refuse: models are made elsewhere."""
        raise TypeError(f"the {self._kind} is only read, never written")

    def _describe(self) -> dict[str, Any]:
        return {"kind": self._kind, "settings": self._settings}
