"""Lets a transformer predict the outputs of its layers at some denoising steps, instead of computing them.

diffusers' TaylorSeer extrapolates each layer's output from its last two computed steps. Its schedule depends on the
number of a step alone. Caches that compare values, such as diffusers' First Block Cache, decide for a whole batch by
its mean, so that images would depend on others in their batch. They also fail on Stable Diffusion 3, whose last
block returns no text.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.settings import StepCacheSettings

logger = logging.getLogger(__name__)

_LAYERS = (r"transformer_blocks\.\d+\.(attn\d?|ff|ff_context)", r"single_transformer_blocks\.\d+\.proj_out")
"""Names of layers whose outputs are predicted."""
_UNREAD = (r"single_transformer_blocks\.\d+\.(attn|proj_mlp)",)
"""Names of layers whose outputs nothing else reads then. They return zeros."""
_CONTEXT = "drawing"
_STEPS = "_steps_of_cache"
"""Attribute of a transformer with a step cache."""


class _Steps:
    """The states of all predicted layers of a transformer, and how often it ran since a call began."""

    def __init__(self, transformer: Any, first: int, setting: str) -> None:
        self.first, self.setting = first, setting
        registries = [getattr(layer, "_diffusers_hook", None) for layer in transformer.modules()]
        hooks = [hook for registry in registries if registry is not None for hook in registry.hooks.values()]
        self._managers = [hook.state_manager for hook in hooks if hasattr(hook, "state_manager")]
        self.passes = 0
        """Passes that the pipeline did not name. Those that it names are kept apart by diffusers."""
        transformer.register_forward_hook(self._count)

    def begin(self) -> None:
        """Forget the steps of earlier images."""
        from diffusers.hooks.hooks import CacheContext

        self.passes = 0
        for manager in self._managers:
            manager.reset()
            manager.set_context(CacheContext(_CONTEXT))

    def _count(self, *_: Any) -> None:
        self.passes += self._managers[0].context.name == _CONTEXT


def use_step_cache(pipeline: Any, settings: StepCacheSettings, dtype: Any, setting: str) -> None:
    """Let a pipeline's transformer compute its layers at some steps only.

    Args:
        pipeline: of diffusers.
        settings: the schedule.
        dtype: of the pipeline, in which outputs of layers are kept.
        setting: the name of the schedule in the study, for errors.

    Raises:
        StudyError: if the pipeline has no transformer with such layers.
    """
    from diffusers import TaylorSeerCacheConfig
    from diffusers.hooks import apply_taylorseer_cache

    transformer = getattr(pipeline, "transformer", None)
    names = [] if transformer is None else [name for name, _ in transformer.named_modules()]
    if not any(re.fullmatch(pattern, name) for pattern in _LAYERS for name in names):
        raise StudyError(
            f"{setting}: {type(pipeline).__name__} has no transformer whose layers are known: set it to null"
        )
    config = TaylorSeerCacheConfig(
        cache_interval=settings.interval,
        disable_cache_before_step=settings.first,
        taylor_factors_dtype=dtype,
        cache_identifiers=list(_LAYERS),
        skip_predict_identifiers=list(_UNREAD),
    )
    # Not by `enable_cache`, which Stable Diffusion 3 lacks.
    apply_taylorseer_cache(transformer, config)
    setattr(transformer, _STEPS, _Steps(transformer, settings.first, setting))
    _tell_once(f"{setting}: images are approximations. Its effect on drift must be measured (docs/gpu.md)")


@contextmanager
def cached_steps(pipeline: Any) -> Iterator[None]:
    """Begin images without the steps of earlier ones; do nothing without a step cache.

    Raises:
        StudyError: if the pipeline runs its transformer more than once in a step, which would mix the passes up, or if
            all steps were computed.
    """
    steps = getattr(getattr(pipeline, "transformer", None), _STEPS, None)
    if steps is None:
        yield
        return
    steps.begin()
    yield
    count = len(pipeline.scheduler.timesteps)
    if steps.passes > count:
        raise StudyError(
            f"{steps.setting}: {type(pipeline).__name__} runs its transformer {steps.passes} times in {count} steps: "
            "set it to null"
        )
    if count <= steps.first:
        raise StudyError(
            f"{steps.setting} changes nothing: {type(pipeline).__name__} draws in {count} steps, and the first "
            f"{steps.first} are always computed: set it to null"
        )


@cache
def _tell_once(text: str) -> None:
    logger.warning(text)
