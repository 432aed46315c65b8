"""A catalog type for what an earlier run may have left: the same as another entry, or nothing."""

from typing import Any

from kedro.io import AbstractDataset


class EarlierDataset(AbstractDataset[None, Any]):
    """What another entry holds by now; None if it does not exist yet."""

    def __init__(self, *, dataset: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Take the configuration of the entry."""
        self._dataset = AbstractDataset.from_config("earlier", dataset)
        self.metadata = metadata

    def load(self) -> Any:
        """Load it, if it is there."""
        return self._dataset.load() if self._dataset.exists() else None

    def save(self, data: None) -> None:
        """Refuse: the entry itself is saved."""
        raise TypeError("what an earlier run left is only read")

    def _describe(self) -> dict[str, Any]:
        return dict(self._dataset._describe())

    def _exists(self) -> bool:
        return bool(self._dataset.exists())
