"""A describer: any model that transformers loads as an image-text-to-text model."""

from collections import defaultdict
from typing import Any

from PIL import Image

from broken_telephone.models.adapter import add_adapter
from broken_telephone.models.base import Description
from broken_telephone.models.prompt_text import prompt_text
from broken_telephone.models.quantisation import quantisation_arguments
from broken_telephone.models.refusals import is_refusal
from broken_telephone.models.settings import DescriberSettings
from broken_telephone.models.torch_model import TorchModel


class TransformersDescriber(TorchModel):
    """Describes with a transformers model; greedy unless the settings' `call` says otherwise."""

    setting = "describer"
    settings: DescriberSettings

    def describe(self, images: list[Image.Image], prompt: str) -> list[Description]:
        """Answer the same prompt about each RGB picture.

        Raises:
            StudyError: if the model cannot be loaded or has no place for the system prompt.
        """
        self.load()
        # Pictures of one size make the same number of picture tokens: no padding between them.
        by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index, image in enumerate(images):
            by_size[image.size].append(index)
        found: dict[int, Description] = {}
        for indices in by_size.values():
            answers = self._answer([images[index] for index in indices], prompt)
            found.update(zip(indices, answers, strict=True))
        return [found[index] for index in range(len(images))]

    def _answer(self, images: list[Image.Image], prompt: str) -> list[Description]:
        import torch

        model, processor = self._loaded
        inputs = processor(
            images=[[image] for image in images],
            text=[prompt_text(processor, self.settings, prompt)] * len(images),
            padding=True,
            return_tensors="pt",
        ).to(model.device, dtype=model.dtype)
        # Some processors make labels for training.
        inputs.pop("labels", None)
        options = {"do_sample": False, "max_new_tokens": self.settings.max_new_tokens, "eos_token_id": _ends(model)}
        options |= self.settings.call
        with torch.inference_mode():
            output = model.generate(**inputs, **options)
        new = output[:, _length_before(output, inputs["input_ids"]) :]
        ends = _as_list(options["eos_token_id"])
        return [self._read(row, ends, processor) for row in new.tolist()]

    @staticmethod
    def _read(row: list[int], ends: list[int], processor: Any) -> Description:
        end = next((position for position, token in enumerate(row) if token in ends), None)
        tokens = row if end is None else row[:end]
        text = processor.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        return Description(text, tokens=len(tokens), truncated=end is None, refused=is_refusal(text))

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoModelForImageTextToText, AutoProcessor
        from transformers.utils import logging

        # The loop shows a progress bar of its own.
        logging.disable_progress_bar()
        quantised = quantisation_arguments(self.settings.quantisation, self.dtype, self.device)
        model = AutoModelForImageTextToText.from_pretrained(
            name, dtype=self.dtype, use_safetensors=True, **quantised, **arguments
        )
        origin = {key: arguments[key] for key in ("revision", "local_files_only") if key in arguments}
        processor = AutoProcessor.from_pretrained(name, **origin)
        # Answers must start at the same position in all rows of a batch.
        processor.tokenizer.padding_side = "left"
        # Quantised weights are where they belong already, and may not be moved.
        model = model.eval() if quantised else model.to(self.device).eval()
        if self.settings.adapter is not None:
            add_adapter(model, self.settings.adapter)
        return model, processor


def _ends(model: Any) -> int | list[int] | None:
    """Return the end tokens; those of the language model where the whole names none."""
    found = model.generation_config.eos_token_id
    return model.config.get_text_config().eos_token_id if found is None else found


def _length_before(output: Any, prompt: Any) -> int:
    """Return where the new tokens begin: behind the prompt, or, in an encoder-decoder, behind the start token."""
    # By length, not by searching the text: a prompt does not decode to itself.
    length: int = prompt.shape[1]
    return length if output.shape[1] >= length and bool((output[:, :length] == prompt).all()) else 1


def _as_list(ids: int | list[int] | None) -> list[int]:
    return ids if isinstance(ids, list) else [] if ids is None else [ids]
