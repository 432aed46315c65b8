"""A catalog type for records with arrays in them: a folder that a run fills."""

import io
import json
import struct
import zipfile
import zlib

import numpy as np
from kedro_datasets._typing import JSONPreview

from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.datasets.previews import folder_preview
from broken_telephone.datasets.records import MEND, Record
from broken_telephone.errors import StudyError

_REST = "record"
"""The name, in a file, of what is no array: JSON as bytes."""


# What reading a damaged archive raises.
_DAMAGES = (
    *(OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


class ArrayPartitionsDataset(FolderDataset[Record]):
    """Records that a run adds one by one as NumPy files.

    The files are ZIP archives, which hold a checksum of each array. A record's values are arrays of numbers, or
    whatever JSON holds.
    """

    suffix = ".npz"

    def encode(self, value: Record) -> bytes:
        """Return a record as an archive."""
        arrays = {name: one for name, one in value.items() if isinstance(one, np.ndarray)}
        rest = {name: one for name, one in value.items() if name not in arrays}
        content = io.BytesIO()
        written = np.frombuffer(json.dumps(rest, ensure_ascii=False).encode(), np.uint8)
        np.savez(content, **{**arrays, _REST: written})  # type: ignore[arg-type]
        return content.getvalue()

    def read(self, key: str) -> Record:
        """Read one record."""
        place = self.place(key)
        try:
            content = io.BytesIO(self._filesystem.cat_file(place))
            with np.load(content, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files if name != _REST}
                return {**json.loads(found[_REST].tobytes()), **arrays}
        except FileNotFoundError:
            raise StudyError(f"{place} does not exist") from None
        except _DAMAGES as error:
            raise StudyError(f"{place} is damaged or no record: {error}. {MEND}") from error

    def preview(self) -> JSONPreview:
        """Show the number of records, and the first one."""
        keys = self.keys()
        return folder_preview(keys, self.read(keys[0]) if keys else None)
