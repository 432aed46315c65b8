"""Follows chains: describes everything, then draws everything, iteration after iteration, in batches.

Yields every finished item, which the caller must save before it asks for the next one: later steps
read what they need from there. Leaves out where things are saved and how a model works.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import Describer, Generator
from broken_telephone.relay.plan import Chain, Step, chains_of, key, steps
from broken_telephone.relay.progress import Clock, LoopProgress
from broken_telephone.relay.settings import LoopSettings
from broken_telephone.seeds import item_seed

logger = logging.getLogger(__name__)

T = TypeVar("T")
Folder = Mapping[str, Callable[[], T]]

_LIBRARIES = ("broken-telephone", "torch", "diffusers", "transformers", "pillow")

UNREADABLE = "unreadable image"
EMPTY = "empty description"
# Tried again in every run: the user may have mended the file, and finding out needs no model.
_RETRIED = {UNREADABLE}


class Finished(NamedTuple):
    """What to save now: partition keys and values."""

    images: Mapping[str, Image.Image] = {}
    texts: Mapping[str, dict[str, Any]] = {}
    failures: Mapping[str, dict[str, Any]] = {}
    sessions: Mapping[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Store:
    """What exists already. Every folder must show what was saved after it was opened."""

    originals: Folder[Image.Image]
    """By `image_path`."""
    images: Folder[Image.Image]
    texts: Folder[dict[str, Any]]
    failures: Folder[dict[str, Any]]


def relay(
    chains: pd.DataFrame, settings: LoopSettings, describer: Describer, generator: Generator, store: Store
) -> Iterator[Finished]:
    """Follow all chains as far as the settings say, doing only what does not exist yet.

    A chain whose picture does not open or whose description is empty is recorded as a failure and
    stops there; the others go on.

    Yields:
        First nothing (so that a run with nothing to do yields too), then one finished item at a time;
        after every batch also the record of this session: counts and seconds so far.
    """
    yield Finished()
    followed = chains_of(chains)
    images, texts = set(store.images), set(store.texts)
    todo = steps(followed, settings.iterations, images, texts)
    stopped = {
        record["chain_id"]
        for name, load in store.failures.items()
        if name not in texts and (record := load())["kind"] not in _RETRIED
    }
    if not todo:
        logger.info("All %d chains are followed already: nothing to do", len(followed))
        return
    run = _Run(settings, describer, generator, store, stopped)
    with LoopProgress(todo, settings.iterations, run.clock) as progress:
        for step in todo:
            progress.begin(step)
            for finished in run.do(step):
                yield finished
                if not finished.sessions:
                    progress.advance(step)
            progress.end(step)


class _Run:
    """One run of the loop: the models, the clock and the chains that have stopped."""

    def __init__(
        self,
        settings: LoopSettings,
        describer: Describer,
        generator: Generator,
        store: Store,
        stopped: Collection[str],
    ) -> None:
        self.settings = settings
        self.describer = describer
        self.generator = generator
        self.store = store
        self.stopped = set(stopped)
        self.clock = Clock()
        self.started = datetime.now(UTC)
        self.failed = 0

    def do(self, step: Step) -> Iterator[Finished]:
        """Do one step, batch by batch."""
        describing = step.phase == "describe"
        size = self.settings.describe_batch if describing else self.settings.draw_batch
        waiting = (chain for chain in step.chains if chain.chain_id not in self.stopped)
        for batch in _batches(waiting, size):
            done = self._describe(batch, step) if describing else self._draw(batch, step)
            yield from done
            yield self._session()
        if self.settings.residency == "one":
            (self.describer if describing else self.generator).release()

    def _describe(self, batch: list[Chain], step: Step) -> Iterator[Finished]:
        seen: list[tuple[Chain, Image.Image]] = []
        for chain in batch:
            if step.iteration == 1 and chain.prompt is not None:
                yield _described(chain, 1, text=chain.prompt, tokens=None, truncated=False, describer="prompt")
                continue
            try:
                seen.append((chain, self._picture(chain, step.iteration - 1)))
            except StudyError as error:
                yield self._failed(chain, step, UNREADABLE, str(error))
        if not seen:
            return
        with self.clock.measure("load"):
            self.describer.load()
        with self.clock.measure("describe", items=len(seen)):
            answers = self.describer.describe([image for _, image in seen], self.settings.describe_prompt)
        for (chain, _), answer in zip(seen, answers, strict=True):
            if answer.text.strip():
                yield _described(
                    chain,
                    step.iteration,
                    text=answer.text,
                    tokens=answer.tokens,
                    truncated=answer.truncated,
                    describer=self.describer.name,
                )
            else:
                yield self._failed(chain, step, EMPTY, f"{self.describer.name} wrote nothing")

    def _draw(self, batch: list[Chain], step: Step) -> Iterator[Finished]:
        keys = [key(chain.chain_id, step.iteration) for chain in batch]
        prompts = [self.store.texts[name]()["text"] for name in keys]
        seeds = [item_seed(chain.seed, step.iteration) for chain in batch]
        with self.clock.measure("load"):
            self.generator.load()
        with self.clock.measure("draw", items=len(batch)):
            drawn = self.generator.draw(prompts, seeds)
        for name, image in zip(keys, drawn, strict=True):
            yield Finished(images={name: image})

    def _picture(self, chain: Chain, iteration: int) -> Image.Image:
        if iteration == 0:
            return self.store.originals[str(chain.image_path)]()
        return self.store.images[key(chain.chain_id, iteration)]()

    def _failed(self, chain: Chain, step: Step, kind: str, reason: str) -> Finished:
        self.stopped.add(chain.chain_id)
        self.failed += 1
        record = {
            "chain_id": chain.chain_id,
            "iteration": step.iteration,
            "phase": step.phase,
            "kind": kind,
            "reason": reason,
        }
        return Finished(failures={key(chain.chain_id, step.iteration): record})

    def _session(self) -> Finished:
        record = {
            "started": self.started.isoformat(timespec="seconds"),
            "described": self.clock.items["describe"],
            "drawn": self.clock.items["draw"],
            "failed": self.failed,
            "seconds": self.clock.summary(),
            "describe_batch": self.settings.describe_batch,
            "draw_batch": self.settings.draw_batch,
            "residency": self.settings.residency,
            "devices": {"generator": self.generator.device, "describer": self.describer.device},
            "versions": {library: version(library) for library in _LIBRARIES},
        }
        return Finished(sessions={self.started.strftime("%Y%m%dT%H%M%S.%fZ"): record})


def _described(chain: Chain, iteration: int, **record: Any) -> Finished:
    record = {"chain_id": chain.chain_id, "iteration": iteration, **record}
    return Finished(texts={key(chain.chain_id, iteration): record})


def _batches(chains: Iterable[Chain], size: int) -> Iterator[list[Chain]]:
    chains = iter(chains)
    while batch := list(islice(chains, size)):
        yield batch
