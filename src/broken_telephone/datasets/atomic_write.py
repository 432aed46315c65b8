"""Writing a file whole or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
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
    with _hidden(Path(path), content) as unfinished:
        unfinished.replace(path)


def create_whole(filesystem: AbstractFileSystem, path: str, content: bytes) -> None:
    """Write a file that does not exist yet; of several that try at once, one succeeds.

    On file systems that cannot create a file exclusively, that is so unless they try at the very same moment.

    Raises:
        FileExistsError: if it exists; it stays as it is.
    """
    if not isinstance(filesystem, LocalFileSystem):
        _create_elsewhere(filesystem, path, content)
        return
    target = Path(path)
    with _hidden(target, content) as unfinished:
        try:
            # Unlike a rename, a link never replaces what is there.
            os.link(unfinished, target)
        except FileExistsError:
            raise
        except OSError:  # exFAT and some mounts have no hard links
            with target.open("xb") as file:
                file.write(content)


def _create_elsewhere(filesystem: AbstractFileSystem, path: str, content: bytes) -> None:
    filesystem.invalidate_cache()
    if filesystem.exists(path):
        raise FileExistsError(path)
    try:
        filesystem.pipe_file(path, content, mode="create")
    except (TypeError, ValueError, NotImplementedError):  # it does not know the mode
        filesystem.pipe_file(path, content)
    except Exception as error:
        # Object stores raise what their service answers when another was faster.
        filesystem.invalidate_cache()
        if filesystem.exists(path):
            raise FileExistsError(path) from error
        raise


@contextmanager
def _hidden(target: Path, content: bytes) -> Iterator[Path]:
    """Write the content to a hidden file beside the target, which is gone in the end unless it was moved."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        unfinished.write_bytes(content)
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)
