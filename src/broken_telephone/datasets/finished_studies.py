"""A catalog type for finished studies: the results of several studies, which are only read."""

from collections.abc import Mapping
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from broken_telephone.datasets.previews import json_preview
from broken_telephone.datasets.store import StageStore

_STUDY = "{study}"
"""Stands for the name of a study in the configuration of the parts."""


class FinishedStudiesDataset(AbstractDataset[None, dict[str, StageStore]]):
    """The results of studies by the names that a comparison gives them; nothing is read until it is asked for.

    Versioned parts give their latest version.
    """

    def __init__(
        self, *, studies: Mapping[str, str], parts: dict[str, dict[str, Any]], metadata: dict[str, Any] | None = None
    ) -> None:
        """Take the names and the entries of the studies.

        Args:
            studies: name in the comparison -> name of the study.
            parts: configuration of the catalog entries that each study has. `{study}` stands for its name.
            metadata: for other tools, such as Kedro-Viz.
        """
        self._studies = dict(studies)
        self._parts = parts
        self.metadata = metadata

    def load(self) -> dict[str, StageStore]:
        """Return the stores of the studies, in the order of the settings."""
        return {name: store_of(study, self._parts) for name, study in self._studies.items()}

    def save(self, data: None) -> None:
        """Refuse: each study writes its own results."""
        raise TypeError("the results of finished studies are only read")

    def preview(self) -> JSONPreview:
        """Show the names of the studies."""
        return json_preview(self._describe())

    def _describe(self) -> dict[str, Any]:
        return {"studies": self._studies, "parts": list(self._parts)}

    def _exists(self) -> bool:
        return bool(self._studies)


def store_of(study: str, parts: Mapping[str, dict[str, Any]]) -> StageStore:
    """Return the results of one study; nothing is read until it is asked for.

    Args:
        study: its name.
        parts: configuration of the catalog entries. `{study}` stands for the name.
    """
    return StageStore(
        {
            name: AbstractDataset.from_config(f"{name} of {study}", _with_name(config, study))
            for name, config in parts.items()
        }
    )


def _with_name(config: Any, study: str) -> Any:
    """Return a configuration with the name of a study in the place of `{study}`."""
    if isinstance(config, Mapping):
        return {key: _with_name(value, study) for key, value in config.items()}
    return config.replace(_STUDY, study) if isinstance(config, str) else config
