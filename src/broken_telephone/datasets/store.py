"""A catalog type for what earlier runs of a stage left: a node may not read and write one entry of the catalog."""

from collections.abc import Mapping
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.datasets.previews import json_preview


class StageStore:
    """What a stage has on disk, part by part as attributes.

    A folder is a live view, also before it exists. A file is read when it is asked for, and None if it does not exist.
    """

    def __init__(self, parts: Mapping[str, AbstractDataset]) -> None:
        """Take the parts by name."""
        self._parts = parts

    def place_of(self, name: str) -> str:
        """Return the path of a part."""
        # Kedro has no public way to ask an entry for its path.
        description = self._parts[name]._describe()
        return str(description.get("filepath") or description.get("path"))

    def __getattr__(self, name: str) -> Any:
        parts = vars(self).get("_parts", {})
        if name not in parts:
            raise AttributeError(f"the store has no part {name!r}")
        part = parts[name]
        return part.load() if isinstance(part, FolderDataset) or part.exists() else None


class StoreDataset(AbstractDataset[None, StageStore]):
    """The results of earlier runs of a stage, which are only read."""

    def __init__(self, *, parts: dict[str, dict[str, Any]], metadata: dict[str, Any] | None = None) -> None:
        """Take the configuration of the entries that the stage writes, by the names of the store's parts."""
        # Validators are for entries that are saved. Kedro would warn about each.
        read_only = {name: {key: config[key] for key in config if key != "validator"} for name, config in parts.items()}
        self._parts = {name: AbstractDataset.from_config(name, config) for name, config in read_only.items()}
        self.metadata = metadata

    def load(self) -> StageStore:
        """Return the store; nothing is read yet."""
        return StageStore(self._parts)

    def save(self, data: None) -> None:
        """Refuse: the stage saves the entries themselves."""
        raise TypeError("what earlier runs left is only read")

    def preview(self) -> JSONPreview:
        """Show the entries, and which of them exist."""
        return json_preview({name: "exists" if part.exists() else "not yet" for name, part in self._parts.items()})

    def _describe(self) -> dict[str, Any]:
        return {name: part._describe() for name, part in self._parts.items()}

    def _exists(self) -> bool:
        return any(part.exists() for part in self._parts.values())
