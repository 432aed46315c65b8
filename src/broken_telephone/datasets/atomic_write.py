"""Functions that write a file whole or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem


def write_whole(filesystem: AbstractFileSystem, path: str, content: bytes) -> None:
    """Write a file so that it is complete whenever it exists, even if the process is killed.

    On a local file system the content is written to a hidden file first, which is then renamed. Object stores write
    whole objects anyway. An interrupted write leaves a file whose name starts with a dot; such files are never listed.
    """
    if not isinstance(filesystem, LocalFileSystem):
        filesystem.pipe_file(path, content)
        return
    with _hidden(Path(path), content) as unfinished:
        unfinished.replace(path)


def create_whole(filesystem: AbstractFileSystem, path: str, content: bytes) -> None:
    """Write a file that does not exist yet; of several processes that try at once, one succeeds.

    On a file system that cannot create files exclusively, two may succeed if they try at the same moment.

    Raises:
        FileExistsError: if the file exists; it is not changed.
    """
    if not isinstance(filesystem, LocalFileSystem):
        _create_elsewhere(filesystem, path, content)
        return
    target = Path(path)
    with _hidden(target, content) as unfinished:
        try:
            # Unlike a rename, a link never replaces an existing file.
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
    """Write the content to a hidden file beside the target, and delete that file at the end unless it was moved."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        unfinished.write_bytes(content)
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)
