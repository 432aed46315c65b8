"""What a pipeline is called with: only what a study states, and only what the pipeline takes."""

import inspect
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.settings import GeneratorSettings

_ARGUMENTS = {
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "width": "width",
    "height": "height",
    "negative_prompt": "negative_prompt",
}
_OURS = {"prompt", "generator", "num_images_per_prompt", "output_type", "return_dict"}


def call_arguments(pipeline: Any, settings: GeneratorSettings) -> dict[str, Any]:
    """Return the arguments of every call of the pipeline.

    Raises:
        StudyError: naming a setting that the pipeline does not take or would not heed.
    """
    # Some pipelines swallow unknown keywords: only what the signature names counts.
    takes = {
        name: parameter.default
        for name, parameter in inspect.signature(pipeline.__call__).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name not in _OURS
    }
    stated = {setting: getattr(settings, setting) for setting in _ARGUMENTS}
    arguments = {_ARGUMENTS[setting]: value for setting, value in stated.items() if value is not None}
    names = {argument: setting for setting, argument in _ARGUMENTS.items()}
    names |= {argument: f"call.{argument}" for argument in settings.call}
    arguments |= settings.call
    unknown = ", ".join(f"generator.{names[argument]}" for argument in arguments if argument not in takes)
    if unknown:
        raise StudyError(
            f"{type(pipeline).__name__} does not take {unknown}: take it away. "
            f"In generator.call it takes: {', '.join(sorted(takes))}"
        )
    _check_negative_prompt(pipeline, takes | arguments)
    return arguments


class _CheckedError(Exception):
    """The pipeline has checked its arguments."""


def check_call(pipeline: Any, arguments: dict[str, Any]) -> None:
    """Let the pipeline check what it will be called with, such as the size, and end the call before it draws.

    Raises:
        TypeError: or
        ValueError: what the pipeline has against it.
    """
    # Called through the pipeline, because it fills in its own defaults first.
    check = getattr(pipeline, "check_inputs", None)
    if check is None:
        return

    def only_check(*args: Any, **kwargs: Any) -> None:
        check(*args, **kwargs)
        raise _CheckedError

    pipeline.check_inputs = only_check
    try:
        pipeline(prompt=["a picture"], **per_prompt(arguments, 1))
    except _CheckedError:
        pass
    finally:
        del pipeline.check_inputs


def per_prompt(arguments: dict[str, Any], count: int) -> dict[str, Any]:
    """Repeat the negative prompt for every prompt: some pipelines want as many."""
    negative = arguments.get("negative_prompt")
    return arguments | ({"negative_prompt": [negative] * count} if isinstance(negative, str) else {})


def _check_negative_prompt(pipeline: Any, values: dict[str, Any]) -> None:
    """Refuse a negative prompt that guidance of 1 or less would silently make nothing of."""
    # Guidance-distilled pipelines, such as FLUX, heed it by another scale than guidance.
    scale = "true_cfg_scale" if "true_cfg_scale" in values else "guidance_scale"
    if values.get("negative_prompt") and isinstance(values.get(scale), (int, float)) and values[scale] <= 1:
        setting = "call.true_cfg_scale" if scale == "true_cfg_scale" else "guidance"
        raise StudyError(
            f"{type(pipeline).__name__} heeds generator.negative_prompt only where generator.{setting} is above 1 "
            f"(it is {values[scale]}): raise it, or take the negative prompt away"
        )
