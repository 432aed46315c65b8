"""Finds a model's files, and identifies a model by their content and its settings.

Imports neither torch nor a model library, so that a study's settings can be checked without them.
"""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.settings import Source
from broken_telephone.study_config.settings_group import Settings

# Suffixes of the files that decide what a model does; model cards and pictures do not.
_SUFFIXES = {".json", ".safetensors", ".txt", ".model", ".jinja"}
_WHOLE = 64 * 2**20
_SAMPLE = 2**20


def pretrained(source: Source, setting: str) -> tuple[str, dict[str, Any]]:
    """Return the name to load and the keyword arguments that keep loading local or pinned.

    Args:
        source: where the weights are.
        setting: its name in the study, for the error.

    Raises:
        StudyError: if the local folder does not exist.
    """
    if source.hub is not None:
        return source.hub, {"revision": source.revision}
    return str(local_folder(source, setting)), {"local_files_only": True}


def local_folder(source: Source, setting: str) -> Path:
    """Return the local folder of a model, or the single file of a LoRA.

    Raises:
        StudyError: if it does not exist, or is not such a model's.
    """
    folder = Path(str(source.path))
    if not folder.is_dir() and not (folder.is_file() and folder.suffix == ".safetensors"):
        raise StudyError(
            f"The model folder {folder} does not exist. It is named by the setting {setting}.path: correct "
            f"it (conf/<study>/parameters.yml, or --params {setting}.path=…), or name a hub id as "
            f"{setting}.hub."
        )
    # The folder is checked before it is hashed, because it may be a large folder of other files.
    if source.holds is not None and not (folder / source.holds).is_file():
        raise StudyError(f"{folder} is no model folder for {setting}.path: it holds no {source.holds}. {source.advice}")
    return folder


def folder_with(source: Source, setting: str, files: Sequence[str]) -> Path:
    """Return a local folder with some of a model's files, which are downloaded if the model is on the hub.

    Args:
        source: where the model is.
        setting: its name in the study, for errors.
        files: paths inside the model's folder. The folder lacks those that the model does not have.

    Raises:
        StudyError: if the local folder does not exist.
    """
    if source.hub is None:
        return local_folder(source, setting)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(source.hub, revision=source.revision, allow_patterns=list(files)))


def identity(source: Source, setting: str, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return what identifies a model: hub id and revision or a fingerprint of its folder, and its settings.

    Settings that are null are left out, so that a setting that is added later does not change older studies.

    Args:
        source: the model's settings.
        setting: their name in the study, for errors.
        leave_out: names of settings that do not change results.

    Raises:
        StudyError: if the local folder does not exist.
    """
    record: dict[str, Any] = (
        {"hub": source.hub, "revision": source.revision}
        if source.hub is not None
        else {"weights": fingerprint(local_folder(source, setting))}
    )
    for name in type(source).model_fields:
        value = getattr(source, name)
        if value is None or name in {"path", "hub", "revision", *leave_out}:
            continue
        if isinstance(value, Source):
            value = identity(value, f"{setting}.{name}")
        record[name] = value.model_dump() if isinstance(value, Settings) else value
    return record


def commit(source: Source) -> str | None:
    """Return the commit of the hub that a model was loaded from; None for a local folder."""
    if source.hub is None or source.holds is None:
        return None
    from huggingface_hub import try_to_load_from_cache

    # .../snapshots/<commit>/config.json
    file = try_to_load_from_cache(source.hub, source.holds, revision=source.revision)
    return Path(file).parent.name if isinstance(file, str) else None


def fingerprint(folder: Path) -> str:
    """Hash a model folder or file (BLAKE2b, 32 hexadecimal digits), independently of its location.

    Files above 64 MiB are hashed by their size and their first and last MiB. The first holds a safetensors file's
    table of tensors. Hashing all of a large model would take minutes at every start.
    """
    hasher = hashlib.blake2b(digest_size=16)
    files = (path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    # A single file counts whatever its name ends in, such as weights in a .pth.
    for file in [folder] if folder.is_file() else sorted(files):
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
