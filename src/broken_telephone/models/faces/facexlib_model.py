"""What the adapters of facexlib's networks share: where the weights come from, and what identifies them.

They run in float32 on every device: they are small, and a box or a region is to be the same everywhere.
"""

from abc import abstractmethod
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.faces.facexlib_weights import CONFIG, WEIGHTS, fetch, put, read_config, read_tensors
from broken_telephone.models.loading.memory import is_out_of_memory
from broken_telephone.models.loading.provenance import fingerprint
from broken_telephone.models.loading.torch_model import LocalModel
from broken_telephone.models.settings import FacexlibSettings


class FacexlibModel(LocalModel):
    """One of facexlib's networks."""

    settings: FacexlibSettings

    kind: str
    """The class that a folder's config.json names."""

    def __init__(self, settings: FacexlibSettings, setting: str | None = None) -> None:
        super().__init__(settings, setting)

    @property
    def name(self) -> str:
        """The network that facexlib publishes, or the own name of the folder or file."""
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

        try:
            (network, how), file = self._empty()
            put(read_tensors(file, self.setting), network, file, self.setting)
            network = network.eval().to(self.device, memory_format=torch.channels_last)
        except StudyError:
            raise
        # Whatever facexlib or torch raises for a config.json that lacks something, or a device that is not there.
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise StudyError(f"The {self.setting} {self.name} cannot be loaded: {error!r}") from error
        self._loaded = network, how

    def _empty(self) -> tuple[tuple[Any, Any], Path]:
        """Return a network without its weights, how it is used, and the file with the weights."""
        if self.settings.path is None:
            name = str(self.settings.facexlib)
            return self._published(name), fetch(name, self.setting)
        path = self._path()
        if self.settings.is_file:
            return self._published(str(self.settings.network)), path
        return self._described(read_config(path, self.kind, self.setting)), path / WEIGHTS

    @property
    def _input_side(self) -> int | None:
        """Pixels of the pictures that a folder's network takes; None for facexlib's, which do not say."""
        if self.settings.path is None or self.settings.is_file:
            return None
        return int(read_config(self._path(), self.kind, self.setting)["input"]["size"])

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
    def _described(self, config: dict[str, Any]) -> tuple[Any, Any]:
        """Build the network that a config.json describes, and return with it how it is used."""

    @abstractmethod
    def _published(self, name: str) -> tuple[Any, Any]:
        """Build the network that facexlib publishes, and return with it how facexlib uses it."""
