"""A generator: any text-to-image pipeline that diffusers loads by the class its folder names.

Leaves out LoRA, schedulers other than the folder's, and safety filters.
"""

from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.settings import GeneratorSettings
from broken_telephone.models.torch_model import TorchModel


class DiffusersGenerator(TorchModel):
    """Draws with a diffusers pipeline."""

    setting = "generator"
    settings: GeneratorSettings

    def draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image]:
        """Draw one RGB picture per prompt.

        Every picture has a random generator of its own, on the CPU, so that its noise depends on its
        seed alone; what is left to the batch is the rounding of its arithmetic.
        """
        import torch

        self.load()
        noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        try:
            result = self._loaded(
                prompt=prompts,
                generator=noise,
                num_inference_steps=self.settings.steps,
                guidance_scale=self.settings.guidance,
                width=self.settings.width,
                height=self.settings.height,
                **self.settings.call,
            )
        except (TypeError, ValueError) as error:
            raise StudyError(f"The generator {self.name} cannot draw with these settings: {error}") from error
        return [image.convert("RGB") for image in result.images]

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        import torch
        from diffusers import DiffusionPipeline
        from diffusers.utils import logging as diffusers_logging
        from transformers.utils import logging as transformers_logging

        # The loop shows a progress bar of its own.
        diffusers_logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()
        dtype = getattr(torch, self.settings.dtype)
        pipeline = DiffusionPipeline.from_pretrained(name, dtype=dtype, use_safetensors=True, **arguments)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(self.device)
