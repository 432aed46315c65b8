"""A catalog type for settings that results depend on: written once, then only compared."""

from collections.abc import Iterator
from typing import Any

import fsspec

from broken_telephone.datasets.folder import file_names
from broken_telephone.datasets.records import JSONDataset, Record
from broken_telephone.errors import StudyError

_ABSENT = "(not set)"


class SealedJSONDataset(JSONDataset):
    """Settings under which results were made; they may change as long as there are no results."""

    def __init__(self, *, filepath: str, results: list[str], metadata: dict[str, Any] | None = None) -> None:
        """Name the file, and the folders whose files are the results."""
        super().__init__(filepath=filepath, metadata=metadata)
        self._results = [fsspec.core.url_to_fs(folder) for folder in results]

    def save(self, data: Record) -> None:
        """Write the settings, or check that they are the ones written before.

        Raises:
            StudyError: naming every setting that differs, with its old and its new value.
        """
        if not self._exists() or not self._has_results():
            super().save(data)
            return
        old, new = dict(_flat(self.load())), dict(_flat(data))
        changes = [
            f"  {name}: {old.get(name, _ABSENT)!r} then, {new.get(name, _ABSENT)!r} now"
            for name in sorted(old.keys() | new.keys())
            if old.get(name, _ABSENT) != new.get(name, _ABSENT)
        ]
        if changes:
            folder = self._place.rsplit("/", 1)[0]
            raise StudyError(
                f"The results in {folder} were made with other settings ({self._place}):\n"
                + "\n".join(changes)
                + "\nNo picture and no description was changed. Set them back to go on; or give the study another name "
                f"(study: in globals.yml); or move {folder} away to start it anew."
            )

    def _has_results(self) -> bool:
        # The first file is enough: there may be hundreds of thousands.
        return any(True for filesystem, folder in self._results for _ in file_names(filesystem, folder))


def _flat(record: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and values, as settings are named on the command line."""
    if isinstance(record, dict) and record:
        for name, value in record.items():
            yield from _flat(value, f"{prefix}.{name}" if prefix else str(name))
    else:
        yield prefix, record
