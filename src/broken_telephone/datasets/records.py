"""Catalog types for small JSON records: a folder that a run fills, and a single file."""

import json
from typing import Any

from fsspec import AbstractFileSystem
from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from broken_telephone.datasets.atomic_write import write_whole
from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.datasets.locations import located
from broken_telephone.datasets.previews import folder_preview
from broken_telephone.errors import StudyError
from broken_telephone.seeds import digest

Record = dict[str, Any]


def as_json(data: Any) -> bytes:
    """Return JSON as it is written here: readable, and the same bytes for the same data."""
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


MEND = "Delete it and run the same command again, which makes its results again, and everything that follows from them."
"""What to do if a record is broken."""


def _read(filesystem: AbstractFileSystem, place: str, mend: str = MEND) -> Record:
    try:
        return dict(json.loads(filesystem.cat_file(place)))
    except FileNotFoundError:
        raise StudyError(f"{place} does not exist") from None
    except (ValueError, TypeError) as error:
        raise StudyError(f"{place} is not a record: {error}. {mend}") from error


_CHECKSUM = "checksum"


def _checksum(record: Record) -> str:
    return digest(json.dumps(record, ensure_ascii=False, sort_keys=True))


class RecordPartitionsDataset(FolderDataset[Record]):
    """Records that a run adds one by one, with a checksum."""

    suffix = ".json"

    def encode(self, value: Record) -> bytes:
        """Return a record as JSON."""
        return as_json({**value, _CHECKSUM: _checksum(value)})

    def read(self, key: str) -> Record:
        """Read one record.

        Raises:
            StudyError: naming the file, if it is missing, or is not what was saved.
        """
        place = self.place(key)
        record = _read(self._filesystem, place)
        if record.pop(_CHECKSUM, None) != _checksum(record):
            raise StudyError(f"{place} is damaged: its checksum does not fit what it holds. {MEND}")
        return record

    def preview(self) -> JSONPreview:
        """Show the number of records, and the first one."""
        keys = self.keys()
        return folder_preview(keys, self.read(keys[0]) if keys else None)


class JSONDataset(AbstractDataset[Record, Record]):
    """One record in a JSON file, saved whole or not at all."""

    _mend = "Delete it and run the pipeline again that writes it."
    """What to do if the file is broken."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the file, on any file system that fsspec knows."""
        self._filepath = filepath
        self.metadata = metadata
        self._filesystem, self._place = located(filepath)

    def load(self) -> Record:
        """Read the record.

        Raises:
            StudyError: naming the file, if it is missing or broken.
        """
        return _read(self._filesystem, self._place, self._mend)

    def save(self, data: Record) -> None:
        """Write the record."""
        write_whole(self._filesystem, self._place, as_json(data))

    def preview(self) -> JSONPreview:
        """Show the record."""
        return JSONPreview(as_json(self.load()).decode())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}

    def _exists(self) -> bool:
        return bool(self._filesystem.isfile(self._place))


class OptionalJSONDataset(JSONDataset):
    """One record in a JSON file; an empty record if there is no file."""

    def load(self) -> Record:
        """Read the record."""
        return super().load() if self._exists() else {}
