"""Draws pictures with any text-to-image pipeline of diffusers, called with what a study states and nothing else."""

import inspect
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.failures import outcome
from broken_telephone.models.generators.checked_generator import CheckedGenerator
from broken_telephone.models.generators.cpu.cpu_operations import use_fast_operations
from broken_telephone.models.generators.cpu.parallel_parts import cut, side_by_side, twins
from broken_telephone.models.generators.generator_checks import STEPS, GeneratorChecks
from broken_telephone.models.generators.lora import add_lora
from broken_telephone.models.generators.placement import place
from broken_telephone.models.generators.prompt_length import truncated_prompts
from broken_telephone.models.generators.scheduler import set_scheduler
from broken_telephone.models.generators.speed.compilation import compile_denoiser, reason_against, undo
from broken_telephone.models.generators.speed.speed_options import changes_layers, use_options
from broken_telephone.models.generators.speed.step_cache import cached_steps
from broken_telephone.models.loading.memory import is_out_of_memory
from broken_telephone.models.protocols import Failure, Finding
from broken_telephone.models.settings import GeneratorSettings

logger = logging.getLogger(__name__)

_ARGUMENTS = {
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "width": "width",
    "height": "height",
    "negative_prompt": "negative_prompt",
}
"""Setting of a study -> argument of a pipeline's call."""
_RESERVED = {"prompt", "generator", "num_images_per_prompt", "output_type", "return_dict", "image", "strength"}


class DiffusersGenerator(CheckedGenerator[GeneratorSettings]):
    """Draws with a diffusers pipeline."""

    _bfloat16_on_cpu = True
    _pictures: int | None = None
    _batch: int | None = None
    _twins: Sequence[Any] = ()
    """The pipelines that draw parts of a batch."""
    _is_compiled = _has_drawn_compiled = _fails_compiled = False

    def expect(self, pictures: int, batch: int | None) -> None:
        """State the work to come, before the model is loaded. It decides whether compiling pays.

        Args:
            pictures: that the study draws in all, those that exist included.
            batch: how many at once; None if the size is found in the run.

        Raises:
            StudyError: if a graph would have to be recorded for sizes that are not known.
        """
        if self.settings.compile == "graphs" and batch is None:
            raise StudyError(
                f"{self.setting}.compile: graphs records one batch size: state loop.draw_batch as a number instead of "
                "auto"
            )
        self._pictures, self._batch = pictures, batch

    def resolved(self) -> dict[str, str | None]:
        """Return dtype and commit, and whether the denoiser is compiled, where it is."""
        compiled = "graph" if self.settings.compile == "graphs" else "blocks"
        stated = {"compiled": compiled if self._compiles else None, "attention": self.settings.attention}
        return super().resolved() | {name: value for name, value in stated.items() if value is not None}

    @property
    def _compiles(self) -> bool:
        """Whether the denoiser is compiled, or will be when it is loaded."""
        if self._loaded is not None:
            return self._is_compiled
        return not self._fails_compiled and self._against_compiling is None

    @property
    def _against_compiling(self) -> str | None:
        return reason_against(self.settings, self.device, self._pictures, self._batch)

    def _draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        if self._is_compiled:
            return self._draw_padded(prompts, seeds)
        parts = self._parts(len(prompts))
        if len(parts) == 1:
            return self._outcomes(self._result(prompts, seeds, {}), len(prompts))
        shares = zip(parts, cut(prompts, len(parts)), cut(seeds, len(parts)), strict=True)
        results = side_by_side([partial(self._result_of, *share) for share in shares])
        return [image for result in results for image in self._outcomes(result, len(result.images))]

    def _draw_padded(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        """Draw a batch of the size that the denoiser is compiled for: another size would be compiled anew."""
        missing = max(0, (self._batch or 0) - len(prompts))
        try:
            result = self._result([*prompts, *prompts[-1:] * missing], [*seeds, *seeds[-1:] * missing], {})
        except Exception as error:
            if is_out_of_memory(error):
                # The loop goes on with smaller batches.
                self._batch = None
            elif self.settings.compile == "auto" and not self._has_drawn_compiled:
                logger.warning("%s.compile: compiling failed, and pictures are drawn without: %s", self.setting, error)
                undo(self._loaded[0])
                self._is_compiled, self._fails_compiled = False, True
                return self._draw(prompts, seeds)
            raise
        self._has_drawn_compiled = True
        return self._outcomes(result, len(prompts) + missing)[: len(prompts)]

    def _parts(self, pictures: int) -> Sequence[Any]:
        """Return the pipelines that draw the parts of a batch at the same time: one, except on a CPU."""
        if changes_layers(self.settings):
            return [self._loaded[0]]
        import torch

        pipeline, arguments = self._loaded
        count = torch.get_num_threads() if self.device == "cpu" and pictures > 1 else 1
        # Tokenizers take long to copy.
        if len(self._twins) < count or self._twins[0] is not pipeline:
            self._twins = twins(pipeline, arguments, count)
        return self._twins[: min(pictures, count)]

    def release(self) -> None:
        """Free the weights' memory."""
        self._twins = ()
        super().release()

    def _outcomes(self, result: Any, pictures: int) -> list[Image.Image | Failure]:
        flags = getattr(result, "nsfw_content_detected", None) or [False] * pictures
        return [outcome(image, bool(flag), self.dtype_name) for image, flag in zip(result.images, flags, strict=True)]

    def _result(self, prompts: Sequence[str], seeds: Sequence[int], changes: dict[str, Any]) -> Any:
        return self._result_of(self._loaded[0], prompts, seeds, changes)

    def _result_of(
        self, pipeline: Any, prompts: Sequence[str], seeds: Sequence[int], changes: dict[str, Any] | None = None
    ) -> Any:
        import torch

        arguments = self._loaded[1] | (changes or {})
        noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        return call(pipeline, arguments, list(prompts), self.setting, generator=noise)

    def _checked(self) -> Iterator[Finding]:
        pipeline, arguments = self._loaded
        cache = self.settings.step_cache
        # Enough to predict one step.
        steps = STEPS if cache is None else max(STEPS, cache.first + 1)
        with _uncompiled(self._is_compiled):
            yield from GeneratorChecks(pipeline, arguments, self._images, self.dtype_name, steps=steps).findings()

    def _images(self, prompts: Sequence[str], seeds: Sequence[int], changes: dict[str, Any]) -> list[Image.Image]:
        images: list[Image.Image] = self._result(prompts, seeds, changes).images
        return images

    def truncates(self, prompts: list[str]) -> list[bool]:
        """Return for every prompt whether the pipeline cuts it off."""
        self.load()
        pipeline, arguments = self._loaded
        return truncated_prompts(pipeline, arguments, prompts)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from diffusers.utils import logging as diffusers_logging
        from transformers.utils import logging as transformers_logging

        # The loop shows a progress bar of its own.
        diffusers_logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()
        pipeline = self._pipeline(name, {"dtype": self.dtype, "use_safetensors": True, **arguments})
        pipeline.set_progress_bar_config(disable=True)
        called_with = self._arguments(pipeline)
        if self.settings.scheduler is not None:
            set_scheduler(pipeline, self.settings.scheduler, f"{self.setting}.scheduler")
        if self.settings.lora is not None:
            add_lora(pipeline, self.settings.lora, f"{self.setting}.lora")
        _check_call(pipeline, called_with, self.setting)
        use_options(pipeline, self.settings, self.device, self.dtype, self.setting)
        place(pipeline, self.settings, self.device, self.setting)
        self._speed_up(pipeline)
        return pipeline, called_with

    def _speed_up(self, pipeline: Any) -> None:
        """Compile the denoiser if that pays, else replace its slow operations where there are faster ones."""
        against = "it failed" if self._fails_compiled else self._against_compiling
        self._is_compiled = against is None
        if self._is_compiled:
            compile_denoiser(pipeline, self.device, self.settings.compile == "graphs", self.setting)
        elif self.device == "cpu" and not changes_layers(self.settings):
            use_fast_operations(pipeline)
        logger.debug("The %s %s is %s", self.setting, self.name, f"not compiled: {against}" if against else "compiled")

    def _pipeline(self, name: str, arguments: dict[str, Any]) -> Any:
        """Load the pipeline; for a decoder that draws no prompts, such as Kandinsky 2.2, with its prior."""
        pipeline = self._pipelines().from_pretrained(name, **arguments)
        if "prompt" in inspect.signature(pipeline.__call__).parameters:
            return pipeline
        from diffusers import AutoPipelineForText2Image

        try:
            return AutoPipelineForText2Image.from_pretrained(name, **arguments)
        except ValueError as error:
            raise StudyError(
                f"{self.setting}: {type(pipeline).__name__} does not draw texts, and diffusers knows no pipeline that "
                "does with it: name another folder or hub id"
            ) from error

    def _pipelines(self) -> Any:
        """Return the class whose `from_pretrained` finds the pipeline."""
        from diffusers import DiffusionPipeline

        # Takes the class that model_index.json names. AutoPipelineForText2Image takes that class, too, for the families
        # in its table, and refuses all others, such as HiDream, HunyuanImage and Sana Sprint.
        return DiffusionPipeline

    def _arguments(self, pipeline: Any) -> dict[str, Any]:
        """Return the arguments that all calls of the pipeline share."""
        return call_arguments(pipeline, self.settings, self.setting)


def call_arguments(pipeline: Any, settings: GeneratorSettings, setting: str) -> dict[str, Any]:
    """Return the arguments that all calls of the pipeline share.

    Args:
        pipeline: of diffusers.
        settings: of the model.
        setting: their name in the study, for errors.

    Raises:
        StudyError: naming a setting that the pipeline does not take or would ignore.
    """
    # Some pipelines swallow unknown keywords: only those that the signature names count.
    takes = {
        name: parameter.default
        for name, parameter in inspect.signature(pipeline.__call__).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name not in _RESERVED
    }
    stated = {argument: getattr(settings, setting) for setting, argument in _ARGUMENTS.items()}
    arguments = {argument: value for argument, value in stated.items() if value is not None} | settings.call
    names = {argument: setting for setting, argument in _ARGUMENTS.items()}
    names |= {argument: f"call.{argument}" for argument in settings.call}
    unknown = ", ".join(f"{setting}.{names[argument]}" for argument in arguments if argument not in takes)
    if unknown:
        raise StudyError(
            f"{type(pipeline).__name__} does not take {unknown}: take it away. "
            f"In {setting}.call it takes: {', '.join(sorted(takes))}"
        )
    _check_negative_prompt(pipeline, takes | arguments, setting)
    return arguments


def _check_negative_prompt(pipeline: Any, values: dict[str, Any], model: str) -> None:
    """Refuse a negative prompt that guidance of 1 or less would silently ignore."""
    # Guidance-distilled pipelines, such as FLUX, scale it by true_cfg_scale instead of guidance.
    scale = "true_cfg_scale" if "true_cfg_scale" in values else "guidance_scale"
    if values.get("negative_prompt") and isinstance(values.get(scale), (int, float)) and values[scale] <= 1:
        setting = "call.true_cfg_scale" if scale == "true_cfg_scale" else "guidance"
        raise StudyError(
            f"{type(pipeline).__name__} heeds {model}.negative_prompt only where {model}.{setting} is above 1 "
            f"(it is {values[scale]}): raise it, or take the negative prompt away"
        )


def call(pipeline: Any, arguments: dict[str, Any], prompts: list[str], setting: str, **more: Any) -> Any:
    """Call the pipeline.

    Args:
        pipeline: of diffusers.
        arguments: that all calls share.
        prompts: the texts.
        setting: the name of the model's settings in the study, for errors.
        **more: arguments of this call.

    Raises:
        StudyError: for errors in its arguments and for parts that do not fit together, which show as late as here. An
            out-of-memory error is passed on unchanged.
    """
    negative = arguments.get("negative_prompt")
    # Some pipelines want one negative prompt per prompt.
    repeated = {"negative_prompt": [negative] * len(prompts)} if isinstance(negative, str) else {}
    try:
        with cached_steps(pipeline):
            return pipeline(prompt=prompts, **more, **arguments | repeated)
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        if isinstance(error, StudyError) or is_out_of_memory(error):
            raise
        kind = type(pipeline).__name__
        raise StudyError(f"{kind} cannot draw with these settings of the {setting}: {error}") from error


@contextmanager
def _uncompiled(compiled: bool) -> Iterator[None]:
    """Run compiled blocks as they are: compiling them for batches of the checks would take minutes."""
    if not compiled:
        yield
        return
    import torch

    with torch.compiler.set_stance("force_eager"):
        yield


class _CheckedError(Exception):
    """The pipeline has checked its arguments."""


def _check_call(pipeline: Any, arguments: dict[str, Any], setting: str) -> None:
    """Let the pipeline check its arguments, such as the size, and end the call before it draws.

    Raises:
        StudyError: see `call`.
    """
    # The pipeline is called because it fills in defaults before its check.
    check = getattr(pipeline, "check_inputs", None)
    if check is None:
        return

    def only_check(*args: Any, **kwargs: Any) -> None:
        check(*args, **kwargs)
        raise _CheckedError

    pipeline.check_inputs = only_check
    try:
        call(pipeline, arguments, ["a picture"], setting)
    except _CheckedError:
        pass
    finally:
        del pipeline.check_inputs
