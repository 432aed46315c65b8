"""Follows chains: describes everything, then draws everything, iteration after iteration, in batches.

Yields every finished item, which the caller must save before it asks for the next one: later steps
read what they need from there. Leaves out where things are saved and how a model works.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import Describer, Failure, Generator
from broken_telephone.relay.plan import Chain, Step, chains_of, key, steps
from broken_telephone.relay.progress import LoopProgress
from broken_telephone.relay.session import Session, interrupted_batch
from broken_telephone.relay.settings import LoopSettings
from broken_telephone.seeds import item_seed

logger = logging.getLogger(__name__)

T = TypeVar("T")
Folder = Mapping[str, Callable[[], T]]

UNREADABLE = "unreadable image"
EMPTY = "empty description"
REFUSED = "refused description"
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
    sessions: Folder[dict[str, Any]]


def relay(
    chains: pd.DataFrame, settings: LoopSettings, describer: Describer, generator: Generator, store: Store
) -> Iterator[Finished]:
    """Follow all chains as far as the settings say, doing only what does not exist yet.

    A chain whose picture does not open or cannot be drawn, or whose description is empty or refused, is recorded
    as a failure and stops there; the others go on.

    Yields:
        First nothing (so that a run with nothing to do yields too), then one finished item at a time,
        and before every batch the record of this session.
    """
    yield Finished()
    stopped = _stopped(store)
    followed = [chain for chain in chains_of(chains) if chain.chain_id not in stopped]
    todo = steps(followed, settings.iterations, set(store.images), set(store.texts))
    if not todo:
        logger.info("All chains are followed already: nothing to do")
        return
    run = _Run(chains_of(chains), settings, describer, generator, store)
    with LoopProgress(todo, settings.iterations, run.session.clock) as progress:
        for step in todo:
            progress.begin(step)
            for finished in run.do(step):
                yield finished
                if not finished.sessions:
                    progress.advance(step)
            progress.end(step)
    yield run.saved_session()


class _Run:
    """One run of the loop: the models, the session and the chains that stopped in it."""

    def __init__(
        self,
        chains: list[Chain],
        settings: LoopSettings,
        describer: Describer,
        generator: Generator,
        store: Store,
    ) -> None:
        self.chains = {chain.chain_id: chain for chain in chains}
        self.settings = settings
        self.describer = describer
        self.generator = generator
        self.store = store
        self.session = Session(settings, describer, generator)
        self.interrupted = interrupted_batch(store.sessions)
        self.tried = set(store.failures)
        self.stopped: set[str] = set()

    def do(self, step: Step) -> Iterator[Finished]:
        """Do one step, batch by batch."""
        describing = step.phase == "describe"
        missing = {chain.chain_id: chain for chain in step.chains if chain.chain_id not in self.stopped}
        for batch in self._batches(step, missing):
            yield self.saved_session((step, [chain.chain_id for chain in batch]))
            wanted = {chain.chain_id for chain in batch} & missing.keys()
            yield from self._describe(batch, step, wanted) if describing else self._draw(batch, step, wanted)
        if self.settings.residency == "one":
            (self.describer if describing else self.generator).release()

    def saved_session(self, begun: tuple[Step, list[str]] | None = None) -> Finished:
        """Return this session's record, to be saved."""
        return Finished(sessions={self.session.name: self.session.record(begun)})

    def _batches(self, step: Step, missing: dict[str, Chain]) -> Iterator[list[Chain]]:
        """Yield the batches of a step as an uninterrupted run would have formed them.

        First the batch at which the last run was interrupted, whole, though part of it exists; then
        what was never tried; last the pictures that did not open before, which other batches had not
        waited for.
        """
        size = self.settings.describe_batch if step.phase == "describe" else self.settings.draw_batch
        left = dict(missing)
        if (broken := self._broken_batch(step, size)) and left.keys() & broken.keys():
            yield list(broken.values())
            left = {name: chain for name, chain in left.items() if name not in broken}
        for tried in (False, True):
            group = [chain for name, chain in left.items() if (key(name, step.iteration) in self.tried) is tried]
            for start in range(0, len(group), size):
                yield group[start : start + size]

    def _broken_batch(self, step: Step, size: int) -> dict[str, Chain]:
        """Return the interrupted batch, if it is of this step and not larger than batches may be now."""
        batch = self.interrupted
        if batch is None or (batch.iteration, batch.phase) != (step.iteration, step.phase):
            return {}
        chains = {name: self.chains[name] for name in batch.chain_ids if name in self.chains}
        return chains if len(batch.chain_ids) <= size else {}

    def _describe(self, batch: list[Chain], step: Step, wanted: Collection[str]) -> Iterator[Finished]:
        seen: list[tuple[Chain, Image.Image]] = []
        for chain in batch:
            if step.iteration == 1 and chain.prompt is not None:
                if chain.chain_id in wanted:
                    yield _described(chain, 1, text=chain.prompt, tokens=None, truncated=False, describer="prompt")
                continue
            try:
                seen.append((chain, self._picture(chain, step.iteration - 1)))
            except StudyError as error:
                if chain.chain_id in wanted:
                    yield self._failed(chain, step, UNREADABLE, str(error))
        if not seen:
            return
        with self.session.clock.measure("load"):
            self.describer.load()
        with self.session.clock.measure("describe", items=len(seen)):
            answers = self.describer.describe([image for _, image in seen], self.settings.describe_prompt)
        for (chain, _), answer in zip(seen, answers, strict=True):
            if chain.chain_id not in wanted:
                continue
            if answer.refused:
                yield self._failed(chain, step, REFUSED, f"{self.describer.name} wrote: {answer.text}")
            elif answer.text.strip():
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

    def _draw(self, batch: list[Chain], step: Step, wanted: Collection[str]) -> Iterator[Finished]:
        keys = [key(chain.chain_id, step.iteration) for chain in batch]
        prompts = [self.store.texts[name]()["text"] for name in keys]
        seeds = [item_seed(chain.seed, step.iteration) for chain in batch]
        with self.session.clock.measure("load"):
            self.generator.load()
        cut = zip(batch, self.generator.truncates(prompts), strict=True)
        self.session.cut += sum(is_cut for chain, is_cut in cut if chain.chain_id in wanted)
        with self.session.clock.measure("draw", items=len(batch)):
            drawn = self.generator.draw(prompts, seeds)
        for chain, name, image in zip(batch, keys, drawn, strict=True):
            if chain.chain_id not in wanted:
                continue
            if isinstance(image, Failure):
                yield self._failed(chain, step, image.kind, image.reason)
            else:
                yield Finished(images={name: image})

    def _picture(self, chain: Chain, iteration: int) -> Image.Image:
        if iteration == 0:
            return self.store.originals[str(chain.image_path)]()
        return self.store.images[key(chain.chain_id, iteration)]()

    def _failed(self, chain: Chain, step: Step, kind: str, reason: str) -> Finished:
        self.stopped.add(chain.chain_id)
        self.session.failed += 1
        record = {
            "chain_id": chain.chain_id,
            "iteration": step.iteration,
            "phase": step.phase,
            "kind": kind,
            "reason": reason,
        }
        return Finished(failures={key(chain.chain_id, step.iteration): record})


def _stopped(store: Store) -> set[str]:
    """Return the chains that an earlier run stopped for good."""
    done = {"describe": store.texts, "draw": store.images}
    records = {name: load() for name, load in store.failures.items()}
    lasting = [record for name, record in records.items() if name not in done[record["phase"]]]
    return {record["chain_id"] for record in lasting if record["kind"] not in _RETRIED}


def _described(chain: Chain, iteration: int, **record: Any) -> Finished:
    record = {"chain_id": chain.chain_id, "iteration": iteration, **record}
    return Finished(texts={key(chain.chain_id, iteration): record})
