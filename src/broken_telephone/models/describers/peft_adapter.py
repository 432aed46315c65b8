"""Adds a PEFT adapter to a describer."""

from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.loading.load_errors import loading, require
from broken_telephone.models.loading.provenance import folder_with
from broken_telephone.models.settings import AdapterSettings

_SETTING = "describer.adapter"
_FILES = ("adapter_config.json", "adapter_model.safetensors")


def add_adapter(model: Any, adapter: AdapterSettings) -> None:
    """Load an adapter into the model.

    Raises:
        StudyError: if peft is missing, or the adapter does not exist or does not fit the model.
    """
    require("peft", _SETTING)
    with loading(adapter, _SETTING):
        folder = folder_with(adapter, _SETTING, _FILES)
        absent = [name for name in _FILES if not (folder / name).is_file()]
        if absent:
            # transformers would go on to read pickled weights.
            raise StudyError(f"{_SETTING}: {adapter.hub or folder} holds no {' and no '.join(absent)}")
        loaded = model.load_adapter(str(folder), adapter_kwargs={"local_files_only": True})
    if loaded.missing_keys or loaded.unexpected_keys:
        raise StudyError(f"{_SETTING}: {adapter.hub or folder} does not fit this model: is it for another one?")
