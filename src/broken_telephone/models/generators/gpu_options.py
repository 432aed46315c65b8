"""Applies the settings that make a generator smaller or faster on a GPU, in the order that they need."""

from typing import Any

from broken_telephone.models.generators.attention import choose_attention
from broken_telephone.models.generators.quantisation import quantise
from broken_telephone.models.generators.step_cache import use_step_cache
from broken_telephone.models.settings import GeneratorSettings


def use_options(pipeline: Any, settings: GeneratorSettings, device: str, dtype: Any) -> None:
    """Apply attention, quantisation and step cache to a pipeline that is not placed yet.

    Raises:
        StudyError: naming an option that the pipeline or this machine does not offer.
    """
    if settings.attention is not None:
        choose_attention(pipeline, settings.attention, device)
    if settings.quantisation is not None:
        quantise(pipeline, settings.quantisation, device, dtype)
    if settings.step_cache is not None:
        use_step_cache(pipeline, settings.step_cache, dtype)


def changes_layers(settings: GeneratorSettings) -> bool:
    """Return whether a pipeline's layers are changed, or change themselves while it draws.

    Two threads cannot share such layers, and other code must not read their weights.
    """
    return settings.step_cache is not None or settings.quantisation is not None
