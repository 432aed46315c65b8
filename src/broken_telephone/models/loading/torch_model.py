"""The base classes of local models: weights are loaded on first use and freed by `release`.

torch is imported inside the methods: a run that has nothing left to do starts without it.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from broken_telephone.models.loading.load_errors import loading
from broken_telephone.models.loading.memory import free_memory
from broken_telephone.models.loading.provenance import commit, identity, pretrained
from broken_telephone.models.settings import TorchSettings


class _Placed(Protocol):
    """Settings that name a device."""

    @property
    def device(self) -> str: ...


PlacedT = TypeVar("PlacedT", bound=_Placed)
TorchSettingsT = TypeVar("TorchSettingsT", bound=TorchSettings)


class LocalModel(ABC, Generic[PlacedT]):
    """A model that runs on this machine."""

    setting: str
    """The name of its settings in a study."""

    @property
    def is_repeatable(self) -> bool:
        """Whether equal inputs give equal results on one machine."""
        return True

    def __init__(self, settings: PlacedT, setting: str | None = None) -> None:
        self.settings = settings
        if setting is not None:
            self.setting = setting
        self._loaded: Any = None

    @abstractmethod
    def load(self) -> None:
        """Load the weights, if they are not loaded."""

    def release(self) -> None:
        """Free the weights' memory."""
        if self._loaded is not None:
            self._loaded = None
            free_memory()

    @property
    def device(self) -> str:
        """The device that `auto` stands for here, or the one that the study names."""
        import torch

        if self.settings.device != "auto":
            return self.settings.device
        return "cuda" if torch.cuda.is_available() else "cpu"


class TorchModel(LocalModel[TorchSettingsT]):
    """A model of a library that loads by `from_pretrained`."""

    # `dtype: auto` is what was asked for. The loop seals what it stands for on this machine (`loop/sealed_dtypes.py`).
    _no_matter = frozenset({"preset", "device", "compile", "offload", "attention"})
    _bfloat16_on_cpu = False
    """Whether `dtype: auto` is bfloat16 on a CPU that multiplies it natively. Measurements are better at float32."""

    @property
    def name(self) -> str:
        """The hub id, or the folder's own name: the same wherever the project lies."""
        return self.settings.hub or Path(str(self.settings.path)).name

    def identity(self) -> dict[str, Any]:
        """Return everything about the model that changes its results, without loading it."""
        return identity(self.settings, self.setting, self._no_matter)

    def resolved(self) -> dict[str, str | None]:
        """Return the dtype, and the commit of the hub that the revision stands for in the local cache."""
        return {"dtype": self.dtype_name, "commit": commit(self.settings)}

    def load(self) -> None:
        """Load the weights, if they are not loaded.

        Raises:
            StudyError: if the model does not exist, cannot be loaded, or does not take a setting.
        """
        if self._loaded is None:
            name, arguments = pretrained(self.settings, self.setting)
            with loading(self.settings, self.setting):
                self._loaded = self._from_pretrained(name, arguments | self.settings.load)

    @abstractmethod
    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        """Return the value of `self._loaded`."""

    def _transformers_model(self, auto: Any, name: str, arguments: dict[str, Any], **quantised: Any) -> Any:
        """Load a model by one of the `AutoModel…` classes of transformers, in evaluation mode."""
        from transformers.utils import logging

        # The pipelines show progress bars of their own.
        logging.disable_progress_bar()
        model = auto.from_pretrained(name, dtype=self.dtype, use_safetensors=True, **{**quantised, **arguments}).eval()
        # Quantised weights are on their device already and may not be moved, nor may those of a device map.
        return model if quantised or "device_map" in arguments else model.to(self.device)

    @staticmethod
    def _transformers_processor(auto: Any, name: str, arguments: dict[str, Any]) -> Any:
        """Load a processor or tokenizer from where the model comes from."""
        origin = {key: arguments[key] for key in ("revision", "local_files_only") if key in arguments}
        return auto.from_pretrained(name, **origin)

    @property
    def dtype(self) -> Any:
        """The torch dtype that `auto` stands for here, or the one that the study names."""
        import torch

        if self.settings.dtype != "auto":
            return getattr(torch, self.settings.dtype)
        if self.device == "cpu":
            return torch.bfloat16 if self._bfloat16_on_cpu and _cpu_multiplies_bfloat16() else torch.float32
        if not self.device.startswith("cuda"):
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16

    @property
    def dtype_name(self) -> str:
        """The name of the dtype, such as float32."""
        return name_of_dtype(self.dtype)


def name_of_dtype(dtype: Any) -> str:
    """Return the name of a torch dtype, such as float32."""
    return str(dtype).removeprefix("torch.")


def _cpu_multiplies_bfloat16() -> bool:
    """Return whether this CPU has instructions for products of bfloat16. Others would be slower than at float32."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_tile", "bf16"))
