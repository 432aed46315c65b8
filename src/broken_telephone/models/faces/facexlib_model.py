"""The base class of the adapters of facexlib's networks: builds, loads and identifies them.

They run in float32 on every device: they are small, and a box or a region must be the same everywhere.
"""

import warnings
from abc import abstractmethod
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, ClassVar, TypeVar

from broken_telephone.errors import StudyError
from broken_telephone.models.faces.facexlib_weights import CONFIG, WEIGHTS, fetch, put, read_config, read_tensors
from broken_telephone.models.faces.networks import NETWORKS
from broken_telephone.models.loading.load_errors import loading
from broken_telephone.models.loading.provenance import fingerprint
from broken_telephone.models.loading.torch_model import LocalModel
from broken_telephone.models.settings import FacexlibSettings

FacexlibSettingsT = TypeVar("FacexlibSettingsT", bound=FacexlibSettings)


class FacexlibModel(LocalModel[FacexlibSettingsT]):
    """One of facexlib's networks."""

    kind: ClassVar[str]
    """The class that a folder's config.json must name."""
    _constructor: ClassVar[dict[str, Any]] = {}
    """Further arguments of the constructor of every such network."""

    @property
    def name(self) -> str:
        """The name of the network that facexlib publishes, or of the folder or file."""
        return self.settings.facexlib or Path(str(self.settings.path)).name

    def identity(self) -> dict[str, Any]:
        """Return everything about the model that changes its results, without loading it.

        Raises:
            StudyError: if it does not exist.
        """
        stated = self.settings.model_dump(exclude={"path", "device"}, exclude_none=True)
        return stated if self.settings.path is None else {"weights": fingerprint(self._path()), **stated}

    def resolved(self) -> dict[str, str | None]:
        """Return the dtype."""
        return {"dtype": "float32"}

    def load(self) -> None:
        """Load the weights, if they are not loaded.

        Raises:
            StudyError: if they do not exist, cannot be fetched or read, or are those of another network.
        """
        if self._loaded is not None:
            return
        import torch

        with loading(None, self.setting, self.name):
            config, file = self._config(), self._weights()
            with warnings.catch_warnings():
                # facexlib uses an argument of torchvision that is deprecated.
                warnings.simplefilter("ignore", UserWarning)
                network = resolve_name(config["class"])(**config["constructor"], **self._constructor)
            use = self._use(config)
            put(read_tensors(file, self.setting), network, file, self.setting)
            self._loaded = network.eval().to(self.device, memory_format=torch.channels_last), use

    @property
    def _published(self) -> str | None:
        """The name in `NETWORKS`; None for a folder, whose config.json describes the network."""
        return self.settings.facexlib or self.settings.network

    def _config(self) -> dict[str, Any]:
        """Return the description of the network."""
        published = self._published
        return read_config(self._path(), self.kind, self.setting) if published is None else NETWORKS[published]

    def _weights(self) -> Path:
        """Return the file with the weights, which is fetched if facexlib publishes it."""
        if self.settings.path is None:
            return fetch(str(self.settings.facexlib), self.setting)
        return self._path() if self.settings.is_file else self._path() / WEIGHTS

    @property
    def _input_side(self) -> int | None:
        """Pixels of the pictures that a folder's network takes; None for facexlib's, which do not say."""
        return None if self._published else int(self._config()["input"]["size"])

    def _path(self) -> Path:
        """Return the folder or file that the study names, which exists."""
        path = Path(str(self.settings.path))
        absent = [
            file
            for file in ([path] if self.settings.is_file else [path / CONFIG, path / WEIGHTS])
            if not file.is_file()
        ]
        if absent:
            raise StudyError(
                f"There is no {absent[0]}. The setting {self.setting}.path names a folder with {CONFIG} and {WEIGHTS}, "
                f"or a file of facexlib's weights ({' or '.join(self.settings.files)}, with {self.setting}.network); "
                f"{self.setting}.facexlib takes those that facexlib publishes."
            )
        return path

    @abstractmethod
    def _use(self, config: dict[str, Any]) -> Any:
        """Return how the network that a config.json describes is used."""
