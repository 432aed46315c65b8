"""The loop written straight against diffusers and transformers, in batches of one size, and the limit of arithmetic.

Batches of one are the published way: one picture at a time through both models, and the whole record of the study
written anew after every picture.
"""

import json
import time
from pathlib import Path
from typing import Any

import diffusers
import pandas as pd
import torch
import transformers
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from broken_telephone.seeds import item_seed


class Straight:
    """Both models of a study with one dtype, as their libraries load them."""

    def __init__(self, root: Path, settings: dict[str, Any], dtype: str) -> None:
        kind = getattr(torch, dtype)
        drawing, describing = settings["generator"], settings["describer"]
        self.pipeline = diffusers.StableDiffusion3Pipeline.from_pretrained(
            root / drawing["path"], dtype=kind, **drawing["load"]
        )
        self.pipeline.set_progress_bar_config(disable=True)
        self.call = {"num_inference_steps": drawing["steps"], "guidance_scale": drawing["guidance"]}
        self.call |= {name: drawing[name] for name in ("width", "height")} | drawing["call"]
        self.processor = transformers.AutoProcessor.from_pretrained(root / describing["path"])
        self.processor.tokenizer.padding_side = "left"
        self.model = transformers.AutoModelForImageTextToText.from_pretrained(root / describing["path"], dtype=kind)
        self.model.eval()
        self.tokens, self.prompt = describing["max_new_tokens"], settings["loop"]["describe_prompt"]

    def describe(self, images: list[Image.Image]) -> list[str]:
        """Describe pictures at once."""
        turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": self.prompt}]}
        text = self.processor.apply_chat_template([turn], add_generation_prompt=True)
        inputs = self.processor(images=images, text=[text] * len(images), return_tensors="pt")
        inputs = inputs.to(dtype=self.model.dtype)
        with torch.inference_mode():
            output = self.model.generate(**inputs, do_sample=False, max_new_tokens=self.tokens)
        new = output[:, inputs["input_ids"].shape[1] :]
        return list(self.processor.batch_decode(new, skip_special_tokens=True))

    def draw(self, texts: list[str], seeds: list[int]) -> list[Image.Image]:
        """Draw texts at once."""
        noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        return list(self.pipeline(texts, generator=noise, **self.call).images)

    def warm_up(self, image: Image.Image, size: int) -> None:
        """Do one batch of a size."""
        self.draw(self.describe([image] * size), [0] * size)

    def follow(self, chains: pd.DataFrame, originals: Path, out: Path, size: int) -> float:
        """Follow chains for one iteration in batches of a size; return the seconds."""
        out.mkdir(parents=True)
        record: dict[str, list[dict[str, str]]] = {}
        began = time.perf_counter()
        for start in range(0, len(chains), size):
            some = list(chains.iloc[start : start + size].itertuples())
            images = [Image.open(originals / chain.image_path).convert("RGB") for chain in some]
            texts = self.describe(images)
            drawn = self.draw(texts, [item_seed(chain.seed, 1) for chain in some])
            for chain, text, image in zip(some, texts, drawn, strict=True):
                image.save(out / f"{chain.chain_id}.png")
                record.setdefault(chain.label, []).append({"image": chain.image_path, "text": text})
            (out / "record.json").write_text(json.dumps(record))
        return time.perf_counter() - began

    def operations(self, image: Image.Image) -> dict[str, float]:
        """Return how many thousand million operations (GFLOP) the description of a picture and its drawing take."""
        counts = {}
        with FlopCounterMode(display=False) as counter:
            [text] = self.describe([image])
        counts["describe"] = counter.get_total_flops() / 1e9
        with FlopCounterMode(display=False) as counter:
            self.draw([text], [0])
        counts["draw"] = counter.get_total_flops() / 1e9
        return counts


def matrix_rate(dtype: str, side: int = 1536, seconds: float = 3.0, device: str = "cpu") -> float:
    """Return the best rate of a product of two square matrices here, in GFLOP per second."""
    one = torch.randn(side, side, device=device).to(getattr(torch, dtype))
    best, ends = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < ends:
        began = time.perf_counter()
        torch.mm(one, one)
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return 2 * side**3 / best / 1e9
