"""Loads any image-text-to-text model of transformers, quantised or with a PEFT adapter, and prepares its inputs."""

from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.describers.chat_prompt import prompt_before_answer, prompt_text
from broken_telephone.models.loading.input_size import PictureModel
from broken_telephone.models.loading.load_errors import loading, require
from broken_telephone.models.loading.provenance import folder_with
from broken_telephone.models.settings import AdapterSettings, DescriberSettings

_ADAPTER = "describer.adapter"
_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


class PictureReader(PictureModel[DescriberSettings]):
    """A model that reads pictures and a prompt. Subclasses say what it does with them."""

    setting = "describer"

    def _inputs(self, images: list[Image.Image], prompt: str, thinks: bool = False) -> Any:
        """Return the model's inputs.

        Args:
            images: RGB pictures of one size, so that the rows need no padding.
            prompt: the same for all.
            thinks: whether a thought that the prompt opens stays open, so that the model writes it before its answer.
        """
        model, processor = self._loaded
        text = (prompt_text if thinks else prompt_before_answer)(processor, self.settings, prompt)
        inputs = processor(
            images=[[image] for image in images], text=[text] * len(images), padding=True, return_tensors="pt"
        ).to(model.device, dtype=model.dtype)
        # Some processors make labels for training.
        inputs.pop("labels", None)
        return inputs

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoModelForImageTextToText, AutoProcessor

        quantised = _quantisation(self.settings.quantisation, self.dtype, self.device)
        model = self._transformers_model(AutoModelForImageTextToText, name, arguments, **quantised)
        processor = self._transformers_processor(AutoProcessor, name, arguments)
        # Answers must start at the same position in all rows of a batch.
        processor.tokenizer.padding_side = "left"
        if self.settings.adapter is not None:
            _add_adapter(model, self.settings.adapter)
        return model.requires_grad_(False), processor


def _quantisation(bits: str | None, dtype: Any, device: str) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` for weights of "8bit" or "4bit"; none for `bits` None.

    Raises:
        StudyError: if bitsandbytes or a GPU is missing.
    """
    if bits is None:
        return {}
    require("bitsandbytes", f"describer.quantisation: {bits}")
    if not device.startswith("cuda"):
        raise StudyError(f"describer.quantisation: {bits} needs a GPU, and the device is {device}: set it to null")
    from transformers import BitsAndBytesConfig

    four = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": dtype} if bits == "4bit" else {}
    return {"quantization_config": BitsAndBytesConfig(**{f"load_in_{bits}": True}, **four), "device_map": {"": device}}


def _add_adapter(model: Any, adapter: AdapterSettings) -> None:
    """Load an adapter into the model.

    Raises:
        StudyError: if peft is missing, or the adapter does not exist or does not fit the model.
    """
    require("peft", _ADAPTER)
    with loading(adapter, _ADAPTER):
        folder = folder_with(adapter, _ADAPTER, _ADAPTER_FILES)
        absent = [name for name in _ADAPTER_FILES if not (folder / name).is_file()]
        if absent:
            # transformers would go on to read pickled weights.
            raise StudyError(f"{_ADAPTER}: {adapter.hub or folder} holds no {' and no '.join(absent)}")
        loaded = model.load_adapter(str(folder), adapter_kwargs={"local_files_only": True})
    if loaded.missing_keys or loaded.unexpected_keys:
        raise StudyError(f"{_ADAPTER}: {adapter.hub or folder} does not fit this model: is it for another one?")
