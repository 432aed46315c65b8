"""Follows chains: describes everything, then draws everything, iteration after iteration, in batches.

Yields every finished batch, which the caller must save before it asks for the next one: later steps read
what they need from there. Leaves out where things are saved, where models run and how they work.
"""

import logging
import time
from collections.abc import Generator as Yields
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd
from PIL import Image

from broken_telephone.chains import Chain, chains_of, key
from broken_telephone.execution.adoption import adopted_batches, in_batches, obstacle
from broken_telephone.execution.batch_size import BatchSize
from broken_telephone.execution.batches import Batch, work_through
from broken_telephone.execution.executors import Executor, executor
from broken_telephone.execution.interruption import InterruptedRunError, Interruption
from broken_telephone.execution.journal import UNREADABLE, Record, Records, record_key
from broken_telephone.execution.progress import Step, WorkProgress
from broken_telephone.execution.session import Session
from broken_telephone.execution.stage import open_items
from broken_telephone.execution.tasks import Answer, Describe, Draw, recorded
from broken_telephone.loop.adoption import Adopted, LoopAdoption
from broken_telephone.loop.concurrent_runs import refuse_overlap, this_process
from broken_telephone.loop.journal import EMPTY, REFUSED, Done, Outcome, read_journal, refuse_other_starts, step_folder
from broken_telephone.loop.plan import of_shard, steps
from broken_telephone.loop.rehearsal import announce, refuse_idle_guidance, rehearse
from broken_telephone.loop.settings import LoopSettings
from broken_telephone.loop.waiting_chains import copied_words, left_chains, split_repeated, waiting_chains
from broken_telephone.models import Describer, Failure, Generator
from broken_telephone.models.describers.answer_text import kept_thought
from broken_telephone.pictures import Pictures, as_png, bound_for
from broken_telephone.seeds import content_digest

logger = logging.getLogger(__name__)

# Descriptions that no model makes are saved in batches, too.
_PROMPTS = 1024
_HOW = {"describe_batch", "draw_batch", "shard"}
"""Settings that the record of a session states."""
_DOING = {"describe": "describing", "draw": "drawing"}


class LoopOutput(NamedTuple):
    """Results to be saved now, by key, in this order."""

    images: dict[str, bytes | None] = {}
    """PNG files; None deletes an image that nothing needs any more."""
    batches: Mapping[str, Record] = {}
    sessions: Mapping[str, Record] = {}


class LoopFolders(NamedTuple):
    """The folders of a study. Each must show what was saved after it was opened."""

    originals: Pictures
    """By `image_path`."""
    images: Pictures
    batches: Records
    sessions: Records


def run_loop(
    chains: pd.DataFrame,
    settings: LoopSettings,
    describer: Describer,
    generator: Generator,
    folders: LoopFolders,
    done: Done | None = None,
    adoption: LoopAdoption | None = None,
) -> Iterator[LoopOutput]:
    """Follow the chains of the settings' shard as far as they say, doing only what does not exist yet.

    A chain whose picture does not open, or cannot be described or drawn, or whose description is none (empty, refused,
    degenerate, or not there before the limit of tokens), is recorded as a failure and stops there; the others go on.

    Args:
        chains: the `chains` table.
        settings: how to follow them.
        describer: describes pictures.
        generator: draws descriptions.
        folders: what exists already.
        done: what the journal says, if the caller has read it; kept up to date meanwhile.
        adoption: finds equal batches in other studies; None: everything is made here.

    Yields:
        The record of this session, then one finished batch at a time; nothing if all is done.

    Raises:
        InterruptedRunError: after a signal, when the batches at work were yielded.
        StudyError: if a model cannot be loaded with its settings, not even one picture fits into memory, another
            run follows the same chains, or a picture is not the one that results were made from.
    """
    done = read_journal(folders.batches) if done is None else done
    followed = of_shard(chains_of(chains), settings.shard)
    refuse_other_starts(followed, done)
    existing = set(folders.images)
    missing = done.missing(existing, settings.is_kept)
    # Before they are forgotten: images that are drawn again are mostly the same, so that nothing follows from them.
    left = {step: len(left_chains(step, followed, done, missing)) for step in steps(settings.iterations)}
    done.forget_missing(existing, settings.is_kept)
    if outdated := done.outdated(followed, settings.iterations):
        logger.warning(
            "%d pictures and what follows from them are made again, because they would be drawn from another text now. "
            "Labels of the data set or their shares changed, or other chains changed the draws of loop.steer.balance, "
            "or this version of the program words texts otherwise",
            outdated,
        )
    own = {chain.chain_id for chain in followed}
    superfluous = [
        name for name in done.described_images(settings.is_kept) if name in existing and name.rpartition("/")[0] in own
    ]
    if not any(left.values()) and not superfluous:
        logger.info("All chains are followed already: nothing to do")
        return
    refuse_overlap(folders.sessions, settings.shard)
    if superfluous:
        # Another rule kept them, or a run was killed before it deleted them.
        logger.info(
            "loop.keep: %d images of earlier runs are deleted, because they are described and not kept",
            len(superfluous),
        )
        yield LoopOutput(images=dict.fromkeys(superfluous))
    if not any(left.values()):
        return
    announce(generator, len(followed) * settings.iterations, settings.draw_batch)
    with (
        executor(settings, {"describer": describer, "generator": generator}) as workers,
        Interruption() as interruption,
        WorkProgress(left, workers.workers, _DOING, "chains", workers.loading) as progress,
    ):
        how, ending = _HOW, f"_{settings.shard.replace('/', 'of')}"
        models = {"describe": describer.name, "draw": generator.name}
        session = Session(settings, how, workers.workers, folders.sessions, ending, **this_process(), models=models)
        yield LoopOutput(sessions={session.key: session.record})
        # Checked again: two runs that start at once see each other only when both have a record.
        refuse_overlap(folders.sessions, settings.shard)
        phases = {step.phase for step, count in left.items() if count}
        adopting = set() if adoption is None else _adopting_phases(settings, adoption, phases)
        run = _Run(settings, describer, folders, done, workers, interruption, session, progress, phases)
        run.adoption, run.adopting = adoption, adopting
        for step in left:
            progress.begin(step)
            yield from run.do(step, waiting_chains(step, followed, done))
            progress.end(step)
            if interruption.asked:
                break
        if run.superfluous:
            yield LoopOutput(images=dict.fromkeys(run.superfluous))
        if adoption is not None:
            adoption.log_counts()
        if done.redrawn_otherwise:
            logger.warning(
                "%d missing images were drawn again from the same texts with other bytes than before: another batch, "
                "device or version of a library changes rounding. What followed from them is made again",
                len(done.redrawn_otherwise),
            )
    if interruption.asked:
        finished = sum(done.image(chain.chain_id, settings.iterations) is not None for chain in followed)
        raise InterruptedRunError(
            f"Stopped as asked. Everything finished is saved: {len(done.images)} pictures, {finished} of "
            f"{len(followed)} chains to their end. The same command goes on from here."
        )


def _adopting_phases(settings: LoopSettings, adoption: LoopAdoption, phases: set[str]) -> set[str]:
    """Return the phases that may adopt batches of other studies, and log why others may not."""
    if not adoption.donors:
        return set()
    reasons = {phase: obstacle(settings, f"{phase}_batch") for phase in sorted(phases)}
    for reason in dict.fromkeys(reason for reason in reasons.values() if reason is not None):
        logger.info("Nothing is adopted: %s", reason)
    return {phase for phase, reason in reasons.items() if reason is None}


@dataclass
class _Run:
    """One run of the loop."""

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
            for some in in_batches(repeated, _PROMPTS):
                yield from self._take_repeated(step, some)
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
                self.settings, _HOW, 1, [*self.folders.sessions, self.session.key], "_adopted", adopted=True, **about
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

    def _take_repeated(self, step: Step, chains: Sequence[Chain]) -> Iterator[LoopOutput]:
        """Give chains of one start the same first description, as the describer would."""
        words = copied_words(chains, self.done)
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
            prompts = [self.done.drawn_text(chain.chain_id, step.iteration) for chain in chains]
            return Batch(chains, outcome, Draw(prompts, [chain.item_seed(step.iteration) for chain in chains]))
        opened, images, unopened = open_items(chains, lambda chain: self._picture(chain, step.iteration - 1))
        for chain, reason in unopened:
            outcome.fail(chain.chain_id, UNREADABLE, reason)
        if opened:
            self._rehearse(step)
        return Batch(opened, outcome, Describe(images, self.settings.describe_prompt) if opened else None)

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
        drawn_text = self.done.drawn_text(chain.chain_id, iteration)
        return None if drawn_text == self.done.texts[key(chain.chain_id, iteration)] else drawn_text

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
