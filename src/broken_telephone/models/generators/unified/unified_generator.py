"""Draws pictures with a model of transformers that also describes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.failures import outcome
from broken_telephone.models.generators.checked_generator import CheckedGenerator
from broken_telephone.models.generators.generator_checks import GeneratorChecks
from broken_telephone.models.generators.settings import UnifiedSettings
from broken_telephone.models.generators.unified.janus_pipeline import JanusPipeline
from broken_telephone.models.loading.memory import is_out_of_memory
from broken_telephone.models.protocols import Failure, Finding

_FAMILIES: dict[str, Callable[[Any, Any], Any]] = {"janus": JanusPipeline}
"""`model_type` of config.json -> what draws with it."""
_ARGUMENTS = {"guidance": "guidance_scale", "temperature": "temperature", "top_k": "top_k", "top_p": "top_p"}
"""Setting of a study -> argument of a call."""


class UnifiedGenerator(CheckedGenerator[UnifiedSettings]):
    """Draws with a language model that writes the tokens of an image, one prompt at a time.

    A batch changes rounding, and a rounding error may change a token and with it all later tokens. A picture must not
    depend on the prompts beside its own.
    """

    def _draws_together(self) -> bool:
        return False

    def _draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        return [outcome(image, False, self.dtype_name) for image in self._pictures(prompts, seeds, {})]

    def _pictures(self, prompts: Sequence[str], seeds: Sequence[int], changes: dict[str, Any]) -> list[Image.Image]:
        import torch

        pipeline, arguments = self._loaded
        noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        try:
            images: list[Image.Image] = pipeline(list(prompts), noise, **arguments | changes)
        except (TypeError, ValueError, IndexError, RuntimeError) as error:
            if isinstance(error, StudyError) or is_out_of_memory(error):
                raise
            raise StudyError(f"The {self.setting} {self.name} cannot draw: {error}") from error
        return images

    def _checked(self) -> Iterator[Finding]:
        pipeline, arguments = self._loaded
        return GeneratorChecks(pipeline, arguments, self._pictures, self.dtype_name, draws_together=False).findings()

    def truncates(self, prompts: list[str]) -> list[bool]:
        """Return false for every prompt: the model reads texts to their end."""
        return [False] * len(prompts)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

        origin = {key: arguments[key] for key in ("revision", "local_files_only") if key in arguments}
        family = AutoConfig.from_pretrained(name, **origin).model_type
        if family not in _FAMILIES:
            raise StudyError(
                f"{self.setting}.unified: the project cannot draw with models of the family {family} "
                f"(it can with: {', '.join(_FAMILIES)})"
            )
        network = self._transformers_model(AutoModelForImageTextToText, name, arguments).requires_grad_(False)
        pipeline = _FAMILIES[family](network, self._transformers_processor(AutoProcessor, name, arguments))
        stated = {argument: getattr(self.settings, setting) for setting, argument in _ARGUMENTS.items()}
        return pipeline, {argument: value for argument, value in stated.items() if value is not None}
