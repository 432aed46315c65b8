"""Where weights come from: the arguments of `from_pretrained`, and a fingerprint of a local folder.

Imports neither torch nor a model library, so that a study's settings can be checked without them.
"""

import hashlib
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.settings import ModelSettings

# Files that decide what a model does; a model card or a picture beside them does not.
_SUFFIXES = {".json", ".safetensors", ".txt", ".model", ".jinja"}
_WHOLE = 64 * 2**20
_SAMPLE = 2**20


def pretrained(settings: ModelSettings, setting: str) -> tuple[str, dict[str, Any]]:
    """Return the name to load and the keyword arguments that keep loading local or pinned.

    Args:
        settings: the model's settings.
        setting: their name in the study, for the error.

    Raises:
        StudyError: if the local folder does not exist.
    """
    if settings.hub is not None:
        return settings.hub, {"revision": settings.revision}
    return str(local_folder(settings, setting)), {"local_files_only": True}


def local_folder(settings: ModelSettings, setting: str) -> Path:
    """Return the local folder of a model.

    Raises:
        StudyError: if it does not exist.
    """
    folder = Path(str(settings.path))
    if not folder.is_dir():
        raise StudyError(
            f"The model folder {folder} does not exist. It is named by the setting {setting}.path: correct "
            f"it (conf/<study>/parameters.yml, or --params {setting}.path=…), or name a hub id as "
            f"{setting}.hub."
        )
    return folder


def origin(settings: ModelSettings, setting: str) -> dict[str, Any]:
    """Return what identifies the weights: hub id and revision, or a fingerprint of the local folder."""
    if settings.hub is not None:
        return {"hub": settings.hub, "revision": settings.revision}
    return {"weights": fingerprint(local_folder(settings, setting))}


def fingerprint(folder: Path) -> str:
    """Hash a model folder (BLAKE2b, 32 hexadecimal digits): same files, same fingerprint, wherever it lies.

    Files above 64 MiB count by their size and their first and last MiB, which holds a safetensors
    file's table of tensors: hashing all of a large model would take minutes at every start.
    """
    hasher = hashlib.blake2b(digest_size=16)
    for file in sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file()):
        size = file.stat().st_size
        hasher.update(f"{file.relative_to(folder).as_posix()}\0{size}\0".encode())
        with file.open("rb") as content:
            if size <= _WHOLE:
                hasher.update(content.read())
            else:
                hasher.update(content.read(_SAMPLE))
                content.seek(-_SAMPLE, 2)
                hasher.update(content.read())
    return hasher.hexdigest()
