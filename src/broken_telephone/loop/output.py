"""What a run of the loop reads and writes."""

from collections.abc import Mapping
from typing import NamedTuple

from broken_telephone.execution.journal import Record, Records
from broken_telephone.pictures import Pictures


class LoopOutput(NamedTuple):
    """Results to be saved now, by key, in this order."""

    images: dict[str, bytes | None] = {}
    """PNG files; None deletes an image that nothing needs any more."""
    batches: Mapping[str, Record] = {}
    sessions: Mapping[str, Record] = {}


class LoopFolders(NamedTuple):
    """The folders of a study. Each must show what was saved after it was opened."""

    originals: Pictures
    """The original images, by `image_path`."""
    images: Pictures
    batches: Records
    sessions: Records
