"""Writing a file whole or not at all."""

import uuid
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem


def write_whole(filesystem: AbstractFileSystem, path: str, content: bytes) -> None:
    """Write a file so that its name never stands for less than all of it, whenever the process ends.

    On a local file system the content goes to a hidden file beside it first; object stores put whole
    objects anyway. A leftover of an interrupted write starts with a dot and is never listed.
    """
    if not isinstance(filesystem, LocalFileSystem):
        filesystem.pipe_file(path, content)
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
