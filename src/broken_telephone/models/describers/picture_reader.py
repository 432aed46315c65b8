"""Loads any image-text-to-text model of transformers, quantised or with a PEFT adapter, and prepares its inputs."""

from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.describers.chat_prompt import prompt_before_answer, prompt_text
from broken_telephone.models.describers.language_model import as_list, cut, end_tokens, name_ends, writes_apart
from broken_telephone.models.loading.input_size import PictureModel
from broken_telephone.models.loading.load_errors import loading, require
from broken_telephone.models.loading.provenance import folder_with
from broken_telephone.models.settings import AdapterSettings, DescriberSettings

_ADAPTER = "describer.adapter"
_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


class PictureReader(PictureModel[DescriberSettings]):
    """A model that reads pictures and a prompt. Subclasses say what it does with them."""

    setting = "describer"

    _own_template: str | None = None
    """Where the processor of a model without any template wants the picture; None before the model is loaded."""

    @property
    def _wording(self) -> DescriberSettings:
        """The settings of the prompt, with the template that a model without a chat template needs."""
        return self.settings.model_copy(update={"template": self.settings.template or self._own_template})

    def _inputs(self, images: list[Image.Image], prompt: str, thinks: bool = False) -> Any:
        """Return the model's inputs.

        Args:
            images: RGB pictures of one size, so that the rows need no padding.
            prompt: the same for all.
            thinks: whether a thought that the prompt opens stays open, so that the model writes it before its answer.
        """
        model, processor = self._loaded
        text = (prompt_text if thinks else prompt_before_answer)(processor, self._wording, prompt)
        inputs = _processed(processor, images, text).to(model.device, dtype=model.dtype)
        # Some processors make labels for training.
        inputs.pop("labels", None)
        return cut(inputs, -1) if self._closes_prompts(inputs) else dict(inputs)

    def _closes_prompts(self, inputs: Any) -> bool:
        """Return whether the tokenizer ended the prompt, as BERT's does, so that nothing would follow it.

        Encoder-decoders read prompts with their end. A model with a `generate` of its own takes it off, if it wants to.
        """
        from transformers import GenerationMixin

        model, processor = self._loaded
        if writes_apart(model) or type(model).generate is not GenerationMixin.generate:
            return False
        return getattr(processor, "chat_template", None) is None and all(
            token in as_list(end_tokens(model)) for token in inputs["input_ids"][:, -1].tolist()
        )

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoModelForImageTextToText, AutoProcessor

        quantised = _quantisation(self.settings.quantisation, self.dtype, self.device)
        model = self._transformers_model(AutoModelForImageTextToText, name, arguments, **quantised)
        processor = self._transformers_processor(AutoProcessor, name, arguments)
        # Answers must start at the same position in all rows of a batch.
        processor.tokenizer.padding_side = "left"
        if self.settings.adapter is not None:
            _add_adapter(model, self.settings.adapter)
        name_ends(model)
        self._own_template = self._template_of(processor)
        return model.requires_grad_(False), processor

    def _template_of(self, processor: Any) -> str | None:
        """Return where the processor wants the picture in a prompt; None if a template says so or it needs none."""
        if self.settings.template is not None or getattr(processor, "chat_template", None) is not None:
            return None
        token, number = getattr(processor, "image_token", None), getattr(processor, "image_token_id", None)
        if token is None:
            return None
        # Most processors put the picture there by themselves.
        own, with_token = _tokens(processor, "a"), _tokens(processor, f"{token}a")
        if number in own or (number is None and own) or not with_token:
            return None
        return f"{token}{{prompt}}"


def _tokens(processor: Any, text: str) -> list[int]:
    """Return the tokens of a picture with a text; none if the processor refuses a text without a picture's token."""
    try:
        inputs = _processed(processor, [Image.new("RGB", (224, 224), "grey")], text)
    # Whatever a processor raises for a text that it does not take.
    except Exception:
        return []
    tokens: list[int] = inputs["input_ids"][0].tolist()
    return tokens


def _processed(processor: Any, images: list[Image.Image], text: str) -> Any:
    return processor(images=[[image] for image in images], text=[text] * len(images), padding=True, return_tensors="pt")


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
