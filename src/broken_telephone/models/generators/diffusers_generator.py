"""A generator: any text-to-image pipeline that diffusers loads by the class its folder names."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.failures import outcome
from broken_telephone.models.generators.call_arguments import call_arguments, check_call, per_prompt
from broken_telephone.models.generators.lora import add_lora
from broken_telephone.models.generators.placement import place
from broken_telephone.models.generators.prompt_length import truncated_prompts
from broken_telephone.models.generators.scheduler import set_scheduler
from broken_telephone.models.loading.memory import is_out_of_memory
from broken_telephone.models.loading.torch_model import TorchModel
from broken_telephone.models.protocols import Failure
from broken_telephone.models.settings import GeneratorSettings


class DiffusersGenerator(TorchModel):
    """Draws with a diffusers pipeline."""

    setting = "generator"
    settings: GeneratorSettings

    def draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        """Draw one RGB picture per prompt, or say why there is none.

        Every picture has a random generator of its own, on the CPU, so that its noise depends on its
        seed alone; what is left to the batch is the rounding of its arithmetic.

        Raises:
            StudyError: if the pipeline cannot be loaded or does not take a setting.
        """
        import torch

        self.load()
        pipeline, arguments = self._loaded
        noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        with _drawing(pipeline):
            result = pipeline(prompt=prompts, generator=noise, **per_prompt(arguments, len(prompts)))
        flags = getattr(result, "nsfw_content_detected", None) or [False] * len(prompts)
        dtype = str(self.dtype).removeprefix("torch.")
        return [outcome(image, bool(flag), dtype) for image, flag in zip(result.images, flags, strict=True)]

    def truncates(self, prompts: list[str]) -> list[bool]:
        """Return for every prompt whether the pipeline does not read it to its end."""
        self.load()
        pipeline, arguments = self._loaded
        return truncated_prompts(pipeline, arguments, prompts)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from diffusers import DiffusionPipeline
        from diffusers.utils import logging as diffusers_logging
        from transformers.utils import logging as transformers_logging

        # The loop shows a progress bar of its own.
        diffusers_logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()
        pipeline = DiffusionPipeline.from_pretrained(name, dtype=self.dtype, use_safetensors=True, **arguments)
        pipeline.set_progress_bar_config(disable=True)
        called_with = call_arguments(pipeline, self.settings)
        if self.settings.scheduler is not None:
            set_scheduler(pipeline, self.settings.scheduler)
        if self.settings.lora is not None:
            add_lora(pipeline, self.settings.lora)
        with _drawing(pipeline):
            check_call(pipeline, called_with)
        place(pipeline, self.settings, self.device)
        return pipeline, called_with


@contextmanager
def _drawing(pipeline: Any) -> Iterator[None]:
    """Say in words what a pipeline has against its arguments; parts that do not fit together show as late as here.

    Raises:
        StudyError: for whatever pipelines raise then; memory that ran out is passed on as it is.
    """
    try:
        yield
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        kind = type(pipeline).__name__
        raise StudyError(f"{kind} cannot draw with these settings of the generator: {error}") from error
