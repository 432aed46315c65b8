"""What `full_size.py` compares with: plain batching with the same weights, and the limit of arithmetic."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from straight import matrix_rate
from torch.utils.flop_counter import FlopCounterMode

from broken_telephone.models.describers.transformers_describer import TransformersDescriber
from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator


def plain_batching(
    describer: TransformersDescriber,
    generator: DiffusersGenerator,
    images: Sequence[Image.Image],
    prompt: str,
    size: int,
    out: Path,
) -> list[dict[str, Any]]:
    """Describe and draw in batches of a size, straight by the models' own calls; one record of each batch.

    Args:
        describer: loaded.
        generator: loaded, and not compiled.
        images: what is described, one after the other.
        prompt: what the describer is asked.
        size: of a batch.
        out: a folder for what is drawn.
    """
    pipeline, arguments = generator._loaded
    model, processor = describer._loaded
    batches = []
    for start in range(0, len(images), size):
        some = list(images[start : start + size])
        began = time.perf_counter()
        text = describer._wording.template.replace("{prompt}", prompt)
        inputs = processor(images=some, text=[text] * len(some), return_tensors="pt")
        inputs = inputs.to(model.device, dtype=model.dtype)
        with torch.inference_mode():
            output = model.generate(**inputs, do_sample=False, max_new_tokens=describer.settings.max_new_tokens)
        texts = processor.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        described = time.perf_counter()
        noise = [torch.Generator("cpu").manual_seed(start + number) for number in range(len(some))]
        for number, image in enumerate(pipeline(prompt=texts, generator=noise, **arguments).images):
            image.save(out / f"plain_{size}_{start + number}.png")
        batches.append({"phase": "describe", "size": len(some), "seconds": described - began})
        batches.append({"phase": "draw", "size": len(some), "seconds": time.perf_counter() - described})
    return batches


def limit(
    describer: TransformersDescriber, generator: DiffusersGenerator, image: Image.Image, prompt: str, seconds: float
) -> dict[str, float]:
    """Return the operations of a description and a picture, the rate of this device, and the least seconds of a chain.

    Args:
        describer: loaded.
        generator: loaded, and not compiled.
        image: is described.
        prompt: what the describer is asked.
        seconds: for which the rate is measured.
    """
    with FlopCounterMode(display=False) as counter:
        [described] = describer.describe([image], prompt)
    describing = counter.get_total_flops() / 1e9
    with FlopCounterMode(display=False) as counter:
        generator.draw([described.text], [0])
    drawing = counter.get_total_flops() / 1e9
    device = generator.device
    dtype = str(generator.dtype).removeprefix("torch.")
    rate = matrix_rate(dtype, 1536 if device == "cpu" else 8192, seconds, device)
    least = (describing + drawing) / rate
    return {
        "gflop_per_description": round(describing, 3),
        "gflop_per_picture": round(drawing, 3),
        "gflop_per_second": round(rate, 1),
        "least_seconds_per_chain": least,
    }
