"""Applies the settings that make a generator faster or smaller, in the order that they need."""

from typing import Any

from broken_telephone.models.generators.speed.attention import choose_attention
from broken_telephone.models.generators.speed.quantisation import quantise
from broken_telephone.models.generators.speed.step_cache import use_step_cache
from broken_telephone.models.settings import GeneratorSettings


def use_options(pipeline: Any, settings: GeneratorSettings, device: str, dtype: Any, setting: str) -> None:
    """Apply attention, quantisation and step cache to a pipeline that is not placed yet.

    Args:
        pipeline: of diffusers.
        settings: of the model.
        device: that the pipeline will run on.
        dtype: of the pipeline.
        setting: the name of the settings in the study, for errors.

    Raises:
        StudyError: naming an option that the pipeline or this machine does not offer.
    """
    if settings.attention is not None:
        choose_attention(pipeline, settings.attention, device, setting)
    if settings.quantisation is not None:
        quantise(pipeline, settings.quantisation, device, dtype, setting)
    if settings.step_cache is not None:
        use_step_cache(pipeline, settings.step_cache, dtype, f"{setting}.step_cache")


def changes_layers(settings: GeneratorSettings) -> bool:
    """Return whether a pipeline's layers are changed, or change themselves while it draws.

    Two threads cannot share such layers, and other code must not read their weights.
    """
    return settings.step_cache is not None or settings.quantisation is not None
