"""The loop on models of full size with random weights: Stable Diffusion 3.5 large and LLaVA-1.6-Mistral-7B.

    python benchmarks/full_size.py                         on a GPU with 80 GB; batch sizes are found
    python benchmarks/full_size.py --describe-batch 8 --draw-batch 4 --residency both one
    python benchmarks/full_size.py --generator "{compile: graphs}" "{compile: on, quantisation: fp8}"
    python benchmarks/full_size.py --tiny                  on a CPU, in seconds, to try the script

For machines that reach no model hub: time and memory follow from a model's shape, not from what it learnt. Compares,
on the same chains and settings:

- the published way: one picture at a time through both models, and the whole record written anew after every picture
- plain batching by the models' own calls, with the best of some batch sizes
- this tool, and this tool with each further settings of `--generator` (docs/gpu.md)
- vLLM for descriptions, where it is installed
- the limit of arithmetic: the models' operations at the rate at which the device multiplies large matrices

It ends after at most 8 minutes (`--minutes`), of which 30 seconds are kept in reserve:

- A way begins only if one as long as the longest before it would end in time. Those that are left out are named.
- A way that takes longer is stopped, and the process with it. The ways before are printed by then.
- A way that fails, such as one that does not fit into memory, is named and left out.

Descriptions are noise, and always as long as they may be. Both ways are warmed up before the clock of a way starts, and
loading is left out, as random weights come from no disk. Finding batch sizes counts, and so does compiling for a size
that comes later, such as that of a smaller last batch: for the speed of a long run, name the sizes, and follow a
multiple of them. Lines that begin with a brace are JSON.
"""

import argparse
import json
import platform
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import diffusers
import full_size_vllm as vllm
import rich
import torch
import transformers
import yaml
from full_size_deadline import Deadline
from full_size_models import Models, RandomDescriber, RandomGenerator
from full_size_plain import limit, plain_batching
from PIL import Image

from broken_telephone.datasets import ImageFolderDataset, ImagePartitionsDataset, RecordPartitionsDataset
from broken_telephone.errors import StudyError
from broken_telephone.execution.tasks import Describe, Draw, Worker
from broken_telephone.loop import LoopSettings
from broken_telephone.loop.output import LoopFolders
from broken_telephone.loop.run import run_loop
from broken_telephone.models import DescriberSettings, GeneratorSettings
from broken_telephone.models.loading.memory import free_memory, is_out_of_memory
from broken_telephone.seeds import content_digest, item_seed
from broken_telephone.tables import CHAINS, as_table

PROMPT = "Describe the emotion of the person in this picture in one sentence, and what shows it."
LITTLE = {"layers": 1, "size": 64, "steps": 2, "chains": 4, "dtype": "float32", "max_new_tokens": 5, "plain": [2]}
"""What `--tiny` changes besides the widths, where the command line does not say otherwise."""


class Bench:
    """One comparison: its settings, its pictures, and a folder for what comes of it."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self.folder, self.asked = folder, asked
        self.limit: dict[str, float] = {}
        self.shape = folder / "shape"
        """The describer's configuration and processor, for vLLM."""
        rows = []
        for name in ("originals", "published"):
            (folder / name).mkdir()
        for number in range(asked.chains):
            noise(asked.size, number).save(folder / f"originals/{number}.png")
            content = (folder / f"originals/{number}.png").read_bytes()
            row = {"chain_id": f"c{number}", "image_path": f"{number}.png", "seed": number, "start": "image"}
            row["image_digest"] = content_digest(content)
            rows.append(row | {"replicate": 0, "concept": "emotion", "label": "fear"})
        self.chains = as_table(rows, CHAINS)

    def measure(
        self, residency: str | None, plain: int | None = None, settings: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what the published way takes, plain batching of a size or, for a residency, this tool.

        Raises:
            StudyError: if this tool refuses the further settings of its generator, or a chain fails.
        """
        asked, compiled = self.asked, "on" if self.asked.compile and residency is not None else "off"
        # The weights come from `Models`. A hub's name is not looked at before they are asked for, as a folder is.
        common = {"hub": "broken-telephone/random-weights", "dtype": asked.dtype}
        drawing = {"steps": asked.steps, "guidance": asked.guidance, "width": asked.size, "height": asked.size}
        describing = {"max_new_tokens": asked.max_new_tokens, "template": "<image> {prompt}"}
        describer = RandomDescriber(DescriberSettings.model_validate(common | describing))
        generator = RandomGenerator(
            GeneratorSettings.model_validate(common | drawing | {"compile": compiled} | (settings or {}))
        )
        if isinstance(asked.draw_batch, int):
            generator.expect(asked.chains, asked.draw_batch)
        describer.models = generator.models = Models(asked.tiny, asked.layers)

        # Kernels are chosen and compiled at a first batch of a size.
        sizes = (asked.describe_batch, asked.draw_batch) if residency else (plain or 1, plain or 1)
        describe, draw = (1 if size == "auto" else size for size in sizes)
        models = {"describer": describer, "generator": generator}
        worker, began = Worker(models, "one" if residency == "one" else "both"), time.perf_counter()
        worker.do(Describe([noise(asked.size, asked.chains)] * describe, PROMPT))
        worker.do(Draw(["w1 w2 w3"] * draw, list(range(draw))))
        worker.release()
        warm_up = time.perf_counter() - began

        gpu = torch.cuda.is_available()
        if gpu:
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        if residency:
            batches = self._run_loop(residency, describer, generator)
        elif plain:
            pictures = [Image.open(file).convert("RGB") for file in sorted((self.folder / "originals").iterdir())]
            batches = plain_batching(describer, generator, pictures, PROMPT, plain, self.folder / "published")
        else:
            batches = self._published(describer, generator)
        seconds = time.perf_counter() - began - sum(batch.get("load_seconds", 0) for batch in batches)
        peak = torch.cuda.max_memory_allocated() if gpu else None
        if residency is None and plain is None:
            rate_seconds = 0.1 if asked.tiny else 3.0
            vllm.save_shape(describer, self.shape)
            self.limit = limit(describer, generator, noise(asked.size, 0), PROMPT, rate_seconds)
        describer.release()
        generator.release()
        sums = {phase: sum(b["seconds"] for b in batches if b["phase"] == phase) for phase in ("describe", "draw")}
        return {
            "way": self.name_of(residency, plain, settings),
            "chains_per_hour": round(3600 * asked.chains / seconds, 1),
            "seconds": round(seconds, 2),
            "seconds_per_description": round(sums["describe"] / asked.chains, 3),
            "seconds_per_picture": round(sums["draw"] / asked.chains, 3),
            "seconds_around_models": round(seconds - sum(sums.values()), 3),
            "seconds_of_warm_up": round(warm_up, 2),
            "peak_memory_gib": None if peak is None else round(peak / 2**30, 2),
            "batches": [[b["phase"], b["size"], round(b["seconds"], 3)] for b in batches],
        }

    def name_of(self, residency: str | None, plain: int | None = None, settings: dict[str, Any] | None = None) -> str:
        """Return the name of a way."""
        if residency is not None:
            stated = "".join(f", {name}: {value}" for name, value in (settings or {}).items())
            return f"this tool, residency {residency}" + ", compiled" * self.asked.compile + stated
        return "published way" if plain is None else f"plain batching, {plain} at once"

    def _published(self, describer: RandomDescriber, generator: RandomGenerator) -> list[dict[str, Any]]:
        """Follow the chains one picture at a time."""
        out, record, batches = self.folder / "published", {}, []
        for chain in self.chains.itertuples():
            image = Image.open(self.folder / "originals" / chain.image_path).convert("RGB")
            began = time.perf_counter()
            [description] = describer.describe([image], PROMPT)
            described = time.perf_counter()
            [drawn] = generator.draw([description.text], [item_seed(chain.seed, 1)])
            batches.append({"phase": "describe", "size": 1, "seconds": described - began})
            batches.append({"phase": "draw", "size": 1, "seconds": time.perf_counter() - described})
            if not isinstance(drawn, Image.Image):
                raise StudyError(f"no picture: {drawn.reason}")
            drawn.save(out / f"{chain.chain_id}.png")
            record.setdefault(chain.label, []).append({"image": chain.image_path, "text": description.text})
            (out / "record.json").write_text(json.dumps(record))
        return batches

    def _run_loop(self, residency: str, describer: RandomDescriber, generator: RandomGenerator) -> list[dict[str, Any]]:
        """Follow the chains with this tool, saving every batch before the next is asked for, as Kedro does."""
        batch_sizes = {"describe_batch": self.asked.describe_batch, "draw_batch": self.asked.draw_batch}
        settings = LoopSettings(iterations=1, describe_prompt=PROMPT, residency=residency, **batch_sizes)
        out = Path(tempfile.mkdtemp(dir=self.folder))
        images = ImagePartitionsDataset(path=str(out / "images"))
        records, sessions = (RecordPartitionsDataset(path=str(out / name)) for name in ("batches", "sessions"))
        originals = ImageFolderDataset(path=str(self.folder / "originals"))
        batches: list[dict[str, Any]] = []
        folders = LoopFolders(originals.load(), images.load(), records.load(), sessions.load())
        for output in run_loop(self.chains, settings, describer, generator, folders):
            images.save(output.images)
            records.save(output.batches)
            sessions.save(output.sessions)
            batches += output.batches.values()
        failures = [failure["reason"] for batch in batches for failure in batch["failures"]]
        if failures:
            raise StudyError(f"{len(failures)} chains failed: {failures[0]}")
        return batches


def noise(size: int, seed: int) -> Image.Image:
    """Return a picture that no other seed gives."""
    return Image.frombytes("RGB", (size, size), random.Random(seed).randbytes(3 * size * size))


def readable(measured: dict[str, Any], ways: list[dict[str, Any]], limit: dict[str, float]) -> str:
    """Return the line for people: a way against the published one, the best plain batching and the limit."""
    published = ways[0]
    plain = max((way["chains_per_hour"] for way in ways if way["way"].startswith("plain")), default=None)
    against = "" if plain is None else f"{measured['chains_per_hour'] / plain:.2f} times plain batching, "
    against += f"{3600 / measured['chains_per_hour'] / limit['least_seconds_per_chain']:.2f} times the least time; "
    of = {phase: [size for name, size, _ in measured["batches"] if name == phase] for phase in ("describe", "draw")}
    sizes = {phase: ", ".join(map(str, dict.fromkeys(of_phase))) for phase, of_phase in of.items()}
    memory = "no GPU" if measured["peak_memory_gib"] is None else f"at most {measured['peak_memory_gib']} GiB"
    return (
        f"{measured['way']}: {measured['chains_per_hour']:.0f} chains per hour, "
        f"{measured['chains_per_hour'] / published['chains_per_hour']:.2f} times the published way, {against}"
        f"{measured['seconds_per_description']} s a description (batches of {sizes['describe']}), "
        f"{measured['seconds_per_picture']} s a picture (batches of {sizes['draw']}), {memory}"
    )


def asked_for(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    size: dict[str, Any] = {"type": lambda text: text if text == "auto" else int(text), "default": "auto"}
    add("--size", type=int, default=768, help="pixels of a side")
    add("--steps", type=int, default=28)
    add("--guidance", type=float, default=4.5)
    add("--chains", type=int, default=16, help="of few, finding the batch sizes takes a large part")
    add("--dtype", choices=["bfloat16", "float16", "float32"], default="bfloat16")
    add("--max-new-tokens", type=int, default=77)
    add("--residency", nargs="+", choices=["both", "one"], default=["both"], help="this tool's, one after the other")
    add("--compile", action="store_true", help="this tool's generator; the published way's is never compiled")
    add("--generator", type=yaml.safe_load, nargs="+", default=[], help="further settings, each measured by itself")
    add("--plain", type=int, nargs="*", default=[4, 8, 16], help="batch sizes of plain batching")
    add("--minutes", type=float, default=8.0, help="that all ways together may take")
    add("--describe-batch", **size)
    add("--draw-batch", **size)
    add("--layers", type=int, help="cut all depths to this, and keep the widths, to try the script")
    add("--tiny", action="store_true", help="tiny widths and little of everything that is not stated")
    if parser.parse_known_args(arguments)[0].tiny:
        parser.set_defaults(**LITTLE)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one way after the other."""
    asked = asked_for(arguments)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "CPU"
    billions = {"of full size": Models().parameters()}
    if asked.tiny or asked.layers:
        billions["as measured"] = Models(asked.tiny, asked.layers).parameters()
    versions = {library.__name__: library.__version__ for library in (torch, diffusers, transformers)}
    print(json.dumps({"device": device, **versions, **vars(asked), "billions_of_parameters": billions}))
    for which, counts in billions.items():
        print(f"Billions of parameters {which}:", ", ".join(f"{part} {count}" for part, count in counts.items()))
    with tempfile.TemporaryDirectory() as place:
        bench, deadline = Bench(Path(place), asked), Deadline(asked.minutes, Path(place))
        try:
            ways = measure_all(bench, deadline)
            deadline.running = "the comparison with vLLM"
            print(against_vllm(bench, ways, deadline.seconds_left))
        finally:
            deadline.cancel()


def measure_all(bench: Bench, deadline: Deadline) -> list[dict[str, Any]]:
    """Measure the ways one after the other, and print each. The published way comes first, as others refer to it."""
    asked = bench.asked
    kinds: list[dict[str, Any]] = [{"residency": None}]
    kinds += [{"residency": None, "plain": size} for size in asked.plain]
    kinds += [{"residency": residency} for residency in asked.residency]
    kinds += [{"residency": asked.residency[0], "settings": settings} for settings in asked.generator]
    ways: list[dict[str, Any]] = []
    longest = 0.0
    for kind in kinds:
        name, left = bench.name_of(**kind), deadline.seconds_left
        if left < longest:
            print(f"Left out, to end within {asked.minutes:g} minutes: {name}")
            continue
        deadline.running = name
        measured, reason = tried(bench, kind)
        if measured is None:
            if not ways:
                raise SystemExit(f"The {name} failed, which all others are compared with: {reason}")
            # What the failed way still held goes with its exception, which is gone by now.
            free_memory()
            print(f"Left out: {name}: {reason}", flush=True)
            continue
        longest = max(longest, left - deadline.seconds_left)
        ways.append(measured)
        print(json.dumps(measured | bench.limit))
        print(readable(measured, ways, bench.limit), flush=True)
    return ways


def tried(bench: Bench, kind: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """Return what a way takes; or None, and the reason why it cannot be measured."""
    try:
        return bench.measure(**kind), ""
    # What torch and the model libraries raise where a way does not fit or does not work here.
    except (StudyError, ValueError, RuntimeError, MemoryError) as error:
        return None, "it does not fit into memory" if is_out_of_memory(error) else str(error)


def against_vllm(bench: Bench, ways: list[dict[str, Any]], seconds_left: float) -> str:
    """Return the line that compares descriptions with vLLM, or says why they are not compared."""
    asked, against = bench.asked, vllm.reason_against()
    ours = [way["seconds_per_description"] for way in ways if way["way"].startswith("this tool")]
    if against is None and not ours:
        against = "this tool was not measured"
    if against is None and seconds_left < vllm.START:
        against = f"it may take {vllm.START:g} s to start, and {max(seconds_left, 0):.0f} s are left"
    if against is not None:
        return f"Descriptions were not compared with vLLM: {against}"
    images = [noise(asked.size, number) for number in (asked.chains, *range(asked.chains))]
    text = f"<image> {PROMPT}"
    theirs = vllm.seconds_per_description(bench.shape, images, text, asked.max_new_tokens, asked.dtype)
    return f"vLLM: {theirs:.3f} s a description, {theirs / min(ours):.2f} times this tool's {min(ours)} s"


if __name__ == "__main__":
    rich.reconfigure(stderr=True)  # The loop's progress bar: results alone go to the standard output.
    main()
