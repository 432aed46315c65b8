"""Weights of 8 or 4 bits, by bitsandbytes."""

from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.models.loading.load_errors import require


def quantisation_arguments(bits: str | None, dtype: Any, device: str) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` for quantised weights on a GPU; none for `bits` None.

    Args:
        bits: "8bit", "4bit" or None.
        dtype: the torch dtype to calculate in.
        device: where the model goes.

    Raises:
        StudyError: if bitsandbytes or a GPU is missing.
    """
    if bits is None:
        return {}
    require("bitsandbytes", f"describer.quantisation: {bits}")
    if not device.startswith("cuda"):
        raise StudyError(f"describer.quantisation: {bits} needs a GPU, and the device is {device}: set it to null")
    from transformers import BitsAndBytesConfig

    config = (
        BitsAndBytesConfig(load_in_8bit=True)
        if bits == "8bit"
        else BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
    )
    return {"quantization_config": config, "device_map": {"": device}}
