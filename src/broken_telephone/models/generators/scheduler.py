"""Replaces a pipeline's scheduler."""

import inspect
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.settings import SchedulerSettings


def set_scheduler(pipeline: Any, settings: SchedulerSettings, setting: str) -> None:
    """Replace the pipeline's scheduler by one with the same configuration, except for what the study states.

    Args:
        pipeline: of diffusers.
        settings: of the scheduler.
        setting: their name in the study, for errors.

    Raises:
        StudyError: if there is no such scheduler, it does not take an argument, it is for models that were
            trained otherwise, or its noise does not come from the pictures' seeds.
    """
    import diffusers

    named = getattr(diffusers, settings.name, None)
    if not (inspect.isclass(named) and issubclass(named, diffusers.SchedulerMixin)):
        known = [name for name in dir(diffusers) if name.endswith("Scheduler") and not name.startswith("Flax")]
        raise StudyError(
            f"{setting}: diffusers has no {settings.name!r}, or it needs a package that is not installed "
            f"(there are: {', '.join(known)})"
        )
    kind: Any = named
    takes = set(inspect.signature(kind.__init__).parameters) - {"self"}
    unknown = ", ".join(sorted(settings.arguments.keys() - takes))
    if unknown:
        raise StudyError(f"{setting}: {settings.name} does not take {unknown} (it takes: {', '.join(sorted(takes))})")
    scheduler = kind.from_config(pipeline.scheduler.config, **settings.arguments)
    if _is_flow_matching(scheduler) != _is_flow_matching(pipeline.scheduler):
        raise StudyError(
            f"{setting}: {settings.name} goes with models of another training than this one "
            f"({type(pipeline.scheduler).__name__}): flow matching wants a FlowMatch… scheduler, or one with "
            "arguments: {use_flow_sigmas: true, prediction_type: flow_prediction}"
        )
    if hasattr(scheduler, "noise_sampler"):
        raise StudyError(f"{setting}: {settings.name} draws noise that does not come from a picture's seed")
    pipeline.scheduler = scheduler


def _is_flow_matching(scheduler: Any) -> bool:
    """Return whether a scheduler is for models that were trained by flow matching and do not predict noise."""
    config = scheduler.config
    return (
        "FlowMatch" in type(scheduler).__name__
        or bool(config.get("use_flow_sigmas"))
        or config.get("prediction_type") == "flow_prediction"
    )
