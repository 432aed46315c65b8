"""Adds LoRA weights to a pipeline."""

from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.loading.load_errors import loading, require
from broken_telephone.models.loading.provenance import pretrained
from broken_telephone.models.settings import LoraSettings


def add_lora(pipeline: Any, lora: LoraSettings, setting: str) -> None:
    """Load LoRA weights into the pipeline and scale them.

    Args:
        pipeline: of diffusers.
        lora: where the weights are, and their scale.
        setting: the name of these settings in the study, for errors.

    Raises:
        StudyError: if peft is missing, the weights do not exist, or the pipeline has no layer for them.
    """
    require("peft", setting)
    if not hasattr(pipeline, "load_lora_weights"):
        raise StudyError(f"{setting}: diffusers has no LoRA for {type(pipeline).__name__}: take it away")
    name, arguments = pretrained(lora, setting)
    weight_name = lora.weight_name
    if Path(name).is_file():
        name, weight_name = str(Path(name).parent), Path(name).name
    with loading(lora, setting):
        pipeline.load_lora_weights(
            name, weight_name=weight_name, adapter_name="study", use_safetensors=True, **arguments
        )
    if not pipeline.get_list_adapters():
        raise StudyError(f"{setting}: its weights fit nothing in {type(pipeline).__name__}: is it for another model?")
    pipeline.set_adapters("study", lora.scale)
