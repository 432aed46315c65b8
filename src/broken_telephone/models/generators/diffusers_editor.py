"""Changes pictures with any image-to-image pipeline of diffusers that belongs to the family of a generator."""

import inspect
from collections import defaultdict
from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.failures import outcome
from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator, call, call_arguments
from broken_telephone.models.protocols import Failure

_SIZE = ("width", "height")


class DiffusersEditor(DiffusersGenerator):
    """Draws prompts on top of pictures. Takes the settings of a generator."""

    setting = "editor"

    def edit(
        self, images: list[Image.Image], prompts: list[str], seeds: list[int], strength: float
    ) -> list[Image.Image | Failure]:
        """Change each picture towards its prompt, or say why there is no changed picture.

        Args:
            images: RGB. Each is scaled to the settings' width and height first, and the result back to its own size.
            prompts: one per picture.
            seeds: one per picture. Its noise depends on its seed alone.
            strength: how much noise is added, 0 (the picture stays) to 1 (only the prompt counts).

        Raises:
            StudyError: if the pipeline cannot be loaded or does not take a setting.
        """
        self.load()
        pipeline, arguments = self._loaded
        scaled = [self._scaled(image) for image in images]
        # Pipelines take pictures of one size at once.
        groups: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, image in enumerate(scaled):
            groups[image.size].append(place)
        edited: dict[int, Image.Image | Failure] = {}
        for places in groups.values():
            drawn = self._edited(pipeline, arguments, [(scaled[k], prompts[k], seeds[k]) for k in places], strength)
            edited |= dict(zip(places, drawn, strict=True))
        return [_sized(edited[place], image.size) for place, image in enumerate(images)]

    def _edited(
        self,
        pipeline: Any,
        arguments: dict[str, Any],
        items: list[tuple[Image.Image, str, int]],
        strength: float,
    ) -> list[Image.Image | Failure]:
        import torch

        images, prompts, seeds = (list(values) for values in zip(*items, strict=True))
        noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        result = call(pipeline, arguments, prompts, self.setting, image=images, strength=strength, generator=noise)
        flags = getattr(result, "nsfw_content_detected", None) or [False] * len(prompts)
        return [outcome(image, bool(flag), self.dtype_name) for image, flag in zip(result.images, flags, strict=True)]

    def _scaled(self, image: Image.Image) -> Image.Image:
        size = (self.settings.width or image.width, self.settings.height or image.height)
        return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        unfit = {
            # Some pipelines, such as FluxImg2ImgPipeline, run their transformer twice in a step and do not say so.
            "step_cache": (self.settings.step_cache is not None, "image-to-image pipelines may mix its steps up"),
            "compile: graphs": (self.settings.compile == "graphs", "it records one batch size, and an editor's vary"),
        }
        for setting, (is_stated, reason) in unfit.items():
            if is_stated:
                raise StudyError(
                    f"{self.setting}.{setting} is for generators only: {reason}. Take it away; if the editor is the "
                    "study's generator, state counterfactuals.model without it"
                )
        return super()._from_pretrained(name, arguments)

    def _pipelines(self) -> Any:
        from diffusers import AutoPipelineForImage2Image

        return AutoPipelineForImage2Image

    def _arguments(self, pipeline: Any) -> dict[str, Any]:
        # Some families take the size from the picture, which has it already.
        taken = inspect.signature(pipeline.__call__).parameters
        update = {name: None for name in _SIZE if name not in taken}
        return call_arguments(pipeline, self.settings.model_copy(update=update), self.setting)


def _sized(image: Image.Image | Failure, size: tuple[int, int]) -> Image.Image | Failure:
    if isinstance(image, Failure) or image.size == size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS)
