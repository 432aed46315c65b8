"""Follows chains: describes everything, then draws everything, iteration after iteration, in batches.

Yields every finished batch, which the caller must save before it asks for the next one: later steps read
what they need from there. Leaves out where things are saved, where models run and how they work.
"""

import logging
from collections.abc import Iterator

import pandas as pd

from broken_telephone.chains import chain_and_iteration, chains_of
from broken_telephone.execution.adoption import obstacle
from broken_telephone.execution.executors import executor
from broken_telephone.execution.interruption import InterruptedRunError, Interruption
from broken_telephone.execution.progress import WorkProgress
from broken_telephone.execution.session import Session
from broken_telephone.loop.adoption import LoopAdoption
from broken_telephone.loop.chain_steps import HOW, ChainSteps
from broken_telephone.loop.concurrent_runs import refuse_overlap, this_process
from broken_telephone.loop.journal import Done, read_journal, refuse_other_starts
from broken_telephone.loop.output import LoopFolders, LoopOutput
from broken_telephone.loop.plan import of_shard, steps
from broken_telephone.loop.rehearsal import announce
from broken_telephone.loop.settings import LoopSettings
from broken_telephone.loop.waiting_chains import left_chains, waiting_chains
from broken_telephone.models import Describer, Generator

logger = logging.getLogger(__name__)

_DOING = {"describe": "describing", "draw": "drawing"}


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
    missing = set(done.missing(existing, settings.is_kept))
    # Before they are forgotten: images that are drawn again are mostly the same, so that nothing follows from them.
    left = {step: len(left_chains(step, followed, done, missing)) for step in steps(settings.iterations)}
    done.forget(missing)
    if outdated := done.outdated(followed, settings.iterations):
        logger.warning(
            "%d pictures and what follows from them are made again, because they would be drawn from another text now. "
            "Labels of the data set or their shares changed, or other chains changed the draws of loop.steer.balance, "
            "or this version of the program words texts otherwise",
            outdated,
        )
    own = {chain.chain_id for chain in followed}
    superfluous = [
        name
        for name in done.described_images(settings.is_kept)
        if name in existing and chain_and_iteration(name)[0] in own
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
        how, ending = HOW, f"_{settings.shard.replace('/', 'of')}"
        models = {"describe": describer.name, "draw": generator.name}
        session = Session(settings, how, workers.workers, folders.sessions, ending, **this_process(), models=models)
        yield LoopOutput(sessions={session.key: session.record})
        # Checked again: two runs that start at once see each other only when both have a record.
        refuse_overlap(folders.sessions, settings.shard)
        phases = {step.phase for step, count in left.items() if count}
        adopting = set() if adoption is None else _adopting_phases(settings, adoption, phases)
        run = ChainSteps(settings, describer, folders, done, workers, interruption, session, progress, phases)
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
