"""Does the steps of the loop batch by batch: describes or draws, sorts what the models answer, and adopts batches."""

import time
from collections.abc import Generator as Yields
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from PIL import Image

from broken_telephone.chains import Chain, key
from broken_telephone.execution.adoption import adopted_batches, in_batches
from broken_telephone.execution.batch_size import BatchSize
from broken_telephone.execution.batches import Batch, work_through
from broken_telephone.execution.executors import Executor
from broken_telephone.execution.interruption import Interruption
from broken_telephone.execution.journal import UNREADABLE, Record, record_key
from broken_telephone.execution.progress import Step, WorkProgress
from broken_telephone.execution.session import Session
from broken_telephone.execution.stage import open_items
from broken_telephone.execution.tasks import Answer, Describe, Draw, recorded
from broken_telephone.loop.adoption import Adopted, LoopAdoption
from broken_telephone.loop.journal import EMPTY, REFUSED, Done, Outcome, step_folder
from broken_telephone.loop.output import LoopFolders, LoopOutput
from broken_telephone.loop.rehearsal import refuse_idle_guidance, rehearse
from broken_telephone.loop.settings import LoopSettings
from broken_telephone.loop.waiting_chains import copied_words, described_starts, split_repeated
from broken_telephone.models import Describer, Failure
from broken_telephone.models.describers.answer_text import kept_thought
from broken_telephone.pictures import as_png, bound_for
from broken_telephone.seeds import content_digest

# Descriptions that no model makes are saved in batches, too.
_PROMPTS = 1024
HOW = {"describe_batch", "draw_batch", "shard"}
"""Settings that the record of a session states."""


@dataclass
class ChainSteps:
    """The steps of one run of the loop."""

    settings: LoopSettings
    describer: Describer
    folders: LoopFolders
    done: Done
    workers: Executor
    interruption: Interruption
    session: Session
    progress: WorkProgress
    phases: set[str]
    """Phases with anything left to do."""
    adoption: LoopAdoption | None = None
    adopting: set[str] = field(default_factory=set)
    """Phases that may adopt batches of other studies."""
    _adopted_by: Session | None = field(default=None, init=False)
    """The session of the batches that this run adopts."""
    _adopted_seconds: float = field(default=0.0, init=False)
    """The time that they took where they were made."""
    _session_changed: bool = field(default=False, init=False)
    """Whether the session's record changed since it was saved."""

    def __post_init__(self) -> None:
        self.superfluous: list[str] = []
        """Images that may be deleted, because the record of their description is saved."""
        self._reading_seconds = 0.0
        """The time to find out how large the describer reads pictures, which imports its libraries."""
        self._tried: dict[str, Answer] | None = None
        """Phase -> what the rehearsal took that no batch has counted yet; None before the rehearsal."""
        self.sizes = {
            phase: BatchSize(asked, self.done.batch_sizes.get((self.settings.shard, phase, asked)))
            for phase, asked in self._asked().items()
        }

    def _asked(self) -> dict[str, int | str]:
        return {"describe": self.settings.describe_batch, "draw": self.settings.draw_batch}

    def do(self, step: Step, waiting: list[Chain]) -> Iterator[LoopOutput]:
        """Do one step, batch by batch. The next batch is read and the last is saved while workers do one."""
        if step == Step(1, "describe"):
            prompts = [chain for chain in waiting if chain.prompt is not None]
            if prompts:
                self._rehearse(step)
            for some in in_batches(prompts, _PROMPTS):
                yield self._take_prompts(step, some)
            waiting = [chain for chain in waiting if chain.prompt is None]
        repeated: list[Chain] = []
        if step == Step(1, "describe") and getattr(self.describer, "is_repeatable", False):
            waiting, repeated = split_repeated(waiting, self.done)
        yield from self._through_models(step, waiting)
        if repeated and not self.interruption.asked:
            described = described_starts(self.done)
            for some in in_batches(repeated, _PROMPTS):
                yield from self._take_repeated(step, some, described)
            # The first chain of these starts failed.
            yield from self._through_models(step, [chain for chain in repeated if not self.done.has(chain, step)])

    def _through_models(self, step: Step, waiting: list[Chain]) -> Iterator[LoopOutput]:
        size = self.sizes[step.phase]
        if self.adoption is not None and step.phase in self.adopting:
            adopted = yield from self._adopt(step, waiting, size, self.adoption)
            waiting = [chain for chain in waiting if chain.chain_id not in adopted]
        batches = work_through(waiting, size, self.workers, self.interruption, lambda chains: self._batch(step, chains))
        for batch, answer in batches:
            if answer is not None:
                yield self._sort_answer(batch, answer)
            elif batch.result.failures:
                yield self._output(batch.result, {})

    def _adopt(
        self, step: Step, waiting: list[Chain], size: BatchSize, adoption: LoopAdoption
    ) -> Yields[LoopOutput, None, set[str]]:
        """Adopt the batches of other studies that this run would cut and make; return their chains."""
        adopted: set[str] = set()

        def find(chains: Sequence[Chain]) -> Adopted | None:
            return None if self.interruption.asked else adoption.find(step, chains, self.done)

        for chains, batch in adopted_batches(waiting, size.next, find):
            yield from self._take(step, batch)
            adopted.update(chain.chain_id for chain in chains)
        return adopted

    def _take(self, step: Step, batch: Adopted) -> Iterator[LoopOutput]:
        """Yield an adopted batch to be saved, and count it; before the first one, the record of their session."""
        if self._adopted_by is None:
            about = {name: self.session.record[name] for name in ("host", "process", "models")}
            self._adopted_by = Session(
                self.settings, HOW, 1, [*self.folders.sessions, self.session.key], "_adopted", adopted=True, **about
            )
            # By itself: a run that is killed must not leave a batch without its session.
            yield LoopOutput(sessions={self._adopted_by.key: self._adopted_by.record})
        session = self._adopted_by
        self._adopted_seconds += batch.record["seconds"] + batch.record["load_seconds"]
        own = {"session": session.key, "ended": self._adopted_seconds, "shard": self.settings.shard}
        record = {**batch.record, **own, "asked": self._asked()[step.phase], "found": None}
        self.done.add(record)
        rows = [row for name in ("descriptions", "images", "failures") for row in record[name]]
        self.progress.advance(step, len(rows), len(record["failures"]), 0.0)
        name = record_key(step_folder(step), [row["chain_id"] for row in rows])
        # As in `_output`: images that this batch describes are deleted with the next batch.
        images = batch.images | dict.fromkeys(self.superfluous)
        self.superfluous = self._described(step, record["descriptions"])
        yield LoopOutput(images, {name: record})

    def _take_prompts(self, step: Step, chains: Sequence[Chain]) -> LoopOutput:
        """Take prompts as the first descriptions: no model sees them."""
        outcome = self._outcome(step, chains)
        for chain in chains:
            outcome.describe(chain.chain_id, text=chain.prompt, tokens=None, truncated=False, describer="prompt")
        return self._output(outcome, {})

    def _take_repeated(
        self, step: Step, chains: Sequence[Chain], described: Mapping[str, Record]
    ) -> Iterator[LoopOutput]:
        """Give chains of one start the same first description, as the describer would."""
        words = copied_words(chains, described)
        if words:
            outcome = self._outcome(step, [chain for chain in chains if chain.chain_id in words])
            for name, description in words.items():
                outcome.describe(name, **description)
            yield self._output(outcome, {})

    def _outcome(self, step: Step, chains: Sequence[Chain]) -> Outcome:
        return Outcome(step, {chain.chain_id: self.done.before(chain, step) for chain in chains})

    def _batch(self, step: Step, chains: list[Chain]) -> Batch[Chain, Outcome]:
        """Prepare the task of a batch, without chains whose picture does not open."""
        outcome = self._outcome(step, chains)
        if step.phase == "draw":
            self._rehearse(step)
            texts = [self._text_to_draw(chain, step.iteration) for chain in chains]
            return Batch(chains, outcome, Draw(texts, [chain.item_seed(step.iteration) for chain in chains]))
        opened, images, unopened = open_items(chains, lambda chain: self._picture(chain, step.iteration - 1))
        for chain, reason in unopened:
            outcome.fail(chain.chain_id, UNREADABLE, reason)
        if opened:
            self._rehearse(step)
        return Batch(opened, outcome, Describe(images, self.settings.describe_prompt) if opened else None)

    def _text_to_draw(self, chain: Chain, iteration: int) -> str:
        text = self.done.drawn_text(chain.chain_id, iteration)
        assert text is not None, "a chain waits for its picture only if it is described"
        return text

    def _rehearse(self, step: Step) -> None:
        """Try the models once, when the first batch needs one."""
        if self._tried is None:
            self._tried = answers = rehearse(self.workers, self.phases, step.phase, self.settings.describe_prompt)
            if not self.done.images and "draw" in answers:
                refuse_idle_guidance(answers["draw"].findings)
            self.session.record["checks"] = {phase: recorded(answer.findings) for phase, answer in answers.items()}
            self.session.record["resolved"] = {phase: dict(answer.resolved) for phase, answer in answers.items()}
            self._session_changed = True

    @cached_property
    def _longest(self) -> int:
        began = time.perf_counter()
        longest = bound_for(self.describer)
        self._reading_seconds = time.perf_counter() - began
        return longest

    def _picture(self, chain: Chain, iteration: int) -> Image.Image:
        longest = self._longest
        if iteration == 0:
            return self.folders.originals[str(chain.image_path)](longest=longest, digest=chain.image_digest)
        digest = self.done.image(chain.chain_id, iteration)
        return self.folders.images[key(chain.chain_id, iteration)](longest=longest, digest=digest)

    def _sort_answer(self, batch: Batch[Chain, Outcome], answer: Answer) -> LoopOutput:
        """Sort a model's answer into pictures, descriptions and failures."""
        chains, outcome = batch.items, batch.result
        images: dict[str, bytes | None] = {}
        if outcome.step.phase == "draw":
            for chain, image in zip(chains, answer.images, strict=True):
                if isinstance(image, Failure):
                    outcome.fail(chain.chain_id, image.kind, image.reason)
                else:
                    content = as_png(image)
                    outcome.draw(
                        chain.chain_id, content_digest(content), self._other_text(chain, outcome.step.iteration)
                    )
                    images[key(chain.chain_id, outcome.step.iteration)] = content
        else:
            by = self.describer.name
            for chain, written in zip(chains, answer.descriptions, strict=True):
                if isinstance(written, Failure):
                    outcome.fail(chain.chain_id, written.kind, written.reason, written.thought)
                elif written.refused:
                    outcome.fail(chain.chain_id, REFUSED, f"{by} wrote: {written.text}", written.thought)
                elif not written.text.strip():
                    outcome.fail(chain.chain_id, EMPTY, f"{by} wrote nothing", written.thought)
                else:
                    words = {"text": written.text, "tokens": written.tokens, "truncated": written.truncated}
                    outcome.describe(chain.chain_id, **words, describer=by, **kept_thought(written.thought))
        rehearsed = (self._tried or {}).pop(outcome.step.phase, None)
        if rehearsed is not None:
            answer = answer.after(replace(rehearsed, load_seconds=rehearsed.load_seconds + self._reading_seconds))
            self._reading_seconds = 0.0
        is_cut_known = bool(answer.cut) or outcome.step.phase == "describe"
        return self._output(
            outcome,
            images,
            **answer.taken(len(chains)),
            cut=[chain.chain_id for chain, is_cut in zip(chains, answer.cut, strict=bool(answer.cut)) if is_cut]
            if is_cut_known
            else None,
            shard=self.settings.shard,
            asked=self._asked()[outcome.step.phase],
            found=self.sizes[outcome.step.phase].found,
        )

    def _other_text(self, chain: Chain, iteration: int) -> str | None:
        """Return the drawn text where it is not the description."""
        return self.done.row(chain.chain_id, iteration).get("drawn_text")

    def _described(self, step: Step, descriptions: Sequence[Record]) -> list[str]:
        """Return the keys of the described images if they are not kept."""
        described = step.iteration - 1
        is_superfluous = described > 0 and not self.settings.is_kept(described)
        return [key(row["chain_id"], described) for row in descriptions if is_superfluous]

    def _output(self, outcome: Outcome, images: dict[str, bytes | None], **taken: Any) -> LoopOutput:
        """Return a batch to be saved, and count it.

        Images are deleted one batch after they were described: by then, the record of their description is saved.
        """
        images = images | dict.fromkeys(self.superfluous)
        self.superfluous = self._described(outcome.step, outcome.descriptions)
        name, record = outcome.record(session=self.session.key, ended=self.session.seconds, **taken)
        self.done.add(record)
        items = len(outcome.descriptions) + len(outcome.images) + len(outcome.failures)
        self.progress.advance(outcome.step, items, len(outcome.failures), taken.get("seconds", 0.0))
        session = {self.session.key: self.session.record} if self._session_changed else {}
        self._session_changed = False
        return LoopOutput(images=images, batches={name: record}, sessions=session)
