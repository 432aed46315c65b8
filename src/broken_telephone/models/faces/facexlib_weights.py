"""Reads or fetches weights of facexlib's networks, and puts them into a network.

Nothing is unpickled: a .pth is read as tensors only. `networks` lists the networks that facexlib publishes.
"""

import json
from http.client import HTTPException
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.faces.networks import NETWORKS

CONFIG, WEIGHTS = "config.json", "model.safetensors"

_NAMED = 3


def read_config(folder: Path, kind: str, setting: str) -> dict[str, Any]:
    """Return a folder's config.json.

    Args:
        folder: the folder of the model.
        kind: the class that its config.json must name.
        setting: the model's name in the study, for errors.

    Raises:
        StudyError: if it is not JSON, or names another class.
    """
    file = folder / CONFIG
    try:
        config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if "model_type" in config:
            raise StudyError(
                f"{setting}.path: {file} is that of a model of transformers. A segmentation model is a parser with "
                "parser.regions: the classes of each region (docs/settings.md)"
            )
        named = config["class"]
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{setting}.path: {file} is no JSON that names a class: {error!r}") from None
    if named != kind:
        raise StudyError(f"{setting}.path: {file} names the class {named!r}, and a {setting} is a {kind}")
    return config


def read_tensors(file: Path, setting: str) -> dict[str, Any]:
    """Return the tensors of a .pth or .safetensors file by name, on the CPU.

    They may be in an inner dictionary called `state_dict`, and their names may begin with `module.`, as after training
    on several GPUs.

    Args:
        file: the file of weights.
        setting: the model's name in the study, for errors.

    Raises:
        StudyError: if it cannot be read, or holds anything but tensors.
    """
    import torch
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            read: Any = load_file(file)
        else:
            read = torch.load(file, map_location="cpu", weights_only=True)
    # Either library may raise anything for a broken file; torch writes pages about a pickle with more than tensors.
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        message = f"{setting}: {file} holds no weights that can be read without unpickling it: {reason}"
        raise StudyError(message) from None
    if isinstance(read, dict) and isinstance(read.get("state_dict"), dict):
        read = read["state_dict"]
    if not isinstance(read, dict) or not all(isinstance(value, torch.Tensor) for value in read.values()):
        raise StudyError(
            f"{setting}: {file} holds no tensors by name, such as torch.save(network.state_dict(), …) writes"
        )
    return {name.removeprefix("module."): tensor for name, tensor in read.items()}


def put(tensors: dict[str, Any], network: Any, file: Path, setting: str) -> None:
    """Put weights into a network.

    Args:
        tensors: the weights by name.
        network: the torch module that takes them.
        file: the file that they come from, for errors.
        setting: the model's name in the study, for errors.

    Raises:
        StudyError: naming the first tensors that are missing, of another shape or too many.
    """
    wanted = network.state_dict()
    # Older files lack this counter, which a network in evaluation does not use.
    missing = [name for name in wanted if name not in tensors and not name.endswith("num_batches_tracked")]
    shapes = [
        f"{name} {tuple(tensors[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in tensors and tensors[name].shape != wanted[name].shape
    ]
    more = [name for name in tensors if name not in wanted]
    faults = {"missing": missing, "of another shape": shapes, "too many": more}
    wrong = [f"{len(names)} {what} ({_first(names)})" for what, names in faults.items() if names]
    if wrong:
        raise StudyError(
            f"{setting}: the weights in {file} are not those of this {type(network).__name__}: of its tensors, "
            f"{'; '.join(wrong)}. Are they of another network?"
        )
    network.load_state_dict(wanted | tensors)


def _first(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def fetch(name: str, setting: str) -> Path:
    """Return the file of a network's weights that facexlib publishes, from torch's cache or fetched into it.

    Args:
        name: a name in `NETWORKS`.
        setting: the model's name in the study, for errors.

    Raises:
        StudyError: if it cannot be fetched.
    """
    import torch
    from facexlib.utils import load_file_from_url

    url, cache = NETWORKS[name]["url"], Path(torch.hub.get_dir()) / "checkpoints"
    try:
        return Path(load_file_from_url(url, save_dir=str(cache)))
    # No route, no such host, a timeout, a full disk, or a broken connection.
    except (OSError, HTTPException) as error:
        raise StudyError(
            f"The {setting} {name} is not in {cache}, and cannot be fetched ({error}): fetch {url} elsewhere, and put "
            f"it there, or name it: --params {setting}.path=…/{url.rsplit('/', 1)[-1]},{setting}.network={name}"
        ) from None
