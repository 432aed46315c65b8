"""Weights of facexlib's networks: read from a file or fetched from facexlib's releases, and put into a network.

Nothing is unpickled: a .pth is read as tensors only. Leaves out which networks there are to do what.
"""

import json
from http.client import HTTPException
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError

CONFIG, WEIGHTS = "config.json", "model.safetensors"

_URL = "https://github.com/xinntao/facexlib/releases/download"
# As facexlib's init_detection_model and init_parsing_model have them.
RELEASES = {
    "retinaface_mobile0.25": f"{_URL}/v0.1.0/detection_mobilenet0.25_Final.pth",
    "retinaface_resnet50": f"{_URL}/v0.1.0/detection_Resnet50_Final.pth",
    "bisenet": f"{_URL}/v0.2.0/parsing_bisenet.pth",
    "parsenet": f"{_URL}/v0.2.2/parsing_parsenet.pth",
}
_NAMED = 3


def read_config(folder: Path, kind: str, setting: str) -> dict[str, Any]:
    """Return a folder's config.json.

    Args:
        folder: with config.json.
        kind: the class that it must name.
        setting: the model's name in the study, for errors.

    Raises:
        StudyError: if it is not JSON, or names another class.
    """
    file = folder / CONFIG
    try:
        config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        named = config["class"]
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{setting}.path: {file} is no JSON that names a class: {error!r}") from None
    if named != kind:
        raise StudyError(f"{setting}.path: {file} names the class {named!r}, and a {setting} is a {kind}")
    return config


def read_tensors(file: Path, setting: str) -> dict[str, Any]:
    """Return the tensors of a .pth or .safetensors file by name, on the CPU.

    They may be in a dictionary of their own called `state_dict`, and have names that begin with `module.`, as
    networks that were trained on several GPUs save theirs.

    Args:
        file: the weights.
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
    # Whatever either library raises for a broken file; for a pickle with more than tensors, pages of text.
    except Exception as error:
        said = str(error).strip().split("\n")[0] or type(error).__name__
        raise StudyError(f"{setting}: {file} holds no weights that can be read without unpickling it: {said}") from None
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
        tensors: by name.
        network: what they are for.
        file: where they are from, for errors.
        setting: the model's name in the study, for errors.

    Raises:
        StudyError: naming the first tensors that are missing, of another shape or too many.
    """
    wanted = network.state_dict()
    # Older files do not count batches; the network does not need it to see.
    missing = [name for name in wanted if name not in tensors and not name.endswith("num_batches_tracked")]
    shapes = [
        f"{name} {tuple(tensors[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in tensors and tensors[name].shape != wanted[name].shape
    ]
    more = [name for name in tensors if name not in wanted]
    found = {"missing": missing, "of another shape": shapes, "too many": more}
    wrong = [f"{len(names)} {what} ({_first(names)})" for what, names in found.items() if names]
    if wrong:
        raise StudyError(
            f"{setting}: the weights in {file} are not those of this {type(network).__name__}: of its tensors, "
            f"{'; '.join(wrong)}. Are they of another network?"
        )
    network.load_state_dict({**{name: wanted[name] for name in wanted if name not in tensors}, **tensors})


def _first(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def fetch(name: str, setting: str) -> Path:
    """Return the file of a network's weights that facexlib publishes, from torch's cache or fetched into it.

    Args:
        name: in `RELEASES`.
        setting: the model's name in the study, for errors.

    Raises:
        StudyError: if it cannot be fetched.
    """
    import torch
    from facexlib.utils import load_file_from_url

    url, cache = RELEASES[name], Path(torch.hub.get_dir()) / "checkpoints"
    try:
        return Path(load_file_from_url(url, save_dir=str(cache)))
    # No route, no such host, a timeout, a full disk; or a connection that broke off.
    except (OSError, HTTPException) as error:
        raise StudyError(
            f"The {setting} {name} is not in {cache}, and cannot be fetched ({error}): fetch {url} elsewhere, and put "
            f"it there, or name it: --params {setting}.path=…/{url.rsplit('/', 1)[-1]},{setting}.network={name}"
        ) from None
