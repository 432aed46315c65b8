"""A describer: any transformers image-text-to-text model with a chat template.

Leaves out adapters, quantisation and models without a chat template.
"""

from collections import defaultdict
from typing import Any

from PIL import Image

from broken_telephone.models.base import Description
from broken_telephone.models.settings import DescriberSettings
from broken_telephone.models.torch_model import TorchModel


class TransformersDescriber(TorchModel):
    """Describes with a transformers model; greedy unless the settings' `call` says otherwise."""

    setting = "describer"
    settings: DescriberSettings

    def describe(self, images: list[Image.Image], prompt: str) -> list[Description]:
        """Answer the same prompt about each RGB picture."""
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
        turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}
        text = processor.apply_chat_template([turn], add_generation_prompt=True)
        inputs = processor(
            images=[[image] for image in images],
            text=[text] * len(images),
            padding=True,
            return_tensors="pt",
        ).to(model.device, dtype=model.dtype)
        options = {"do_sample": False, "max_new_tokens": self.settings.max_new_tokens} | self.settings.call
        with torch.inference_mode():
            output = model.generate(**inputs, **options)
        # By length, not by searching the text: a prompt does not decode to itself.
        new = output[:, inputs["input_ids"].shape[1] :]
        ends = _as_list(model.generation_config.eos_token_id)
        return [self._read(row, ends, processor) for row in new.tolist()]

    @staticmethod
    def _read(row: list[int], ends: list[int], processor: Any) -> Description:
        end = next((position for position, token in enumerate(row) if token in ends), None)
        tokens = row if end is None else row[:end]
        text = processor.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        return Description(text, tokens=len(tokens), truncated=end is None)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor
        from transformers.utils import logging

        # The loop shows a progress bar of its own.
        logging.disable_progress_bar()
        model = AutoModelForImageTextToText.from_pretrained(
            name, dtype=getattr(torch, self.settings.dtype), use_safetensors=True, **arguments
        )
        origin = {key: arguments[key] for key in ("revision", "local_files_only") if key in arguments}
        processor = AutoProcessor.from_pretrained(name, **origin)
        # Answers must start at the same position in all rows of a batch.
        processor.tokenizer.padding_side = "left"
        return model.to(self.device).eval(), processor


def _as_list(ids: int | list[int] | None) -> list[int]:
    return ids if isinstance(ids, list) else [] if ids is None else [ids]
