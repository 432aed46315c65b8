"""Tries both models before the first batch: otherwise a wrong setting of the second would show hours later.

Nothing is saved or sealed before that, so wrong settings can simply be corrected.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace

from broken_telephone.errors import StudyError
from broken_telephone.execution.executors import Executor
from broken_telephone.execution.tasks import PLAIN_PICTURE, Answer, Check, Describe, Draw, Task
from broken_telephone.models import Failure, Finding, Generator
from broken_telephone.models.endpoints.costs import total
from broken_telephone.models.generators.generator_checks import GUIDANCE

logger = logging.getLogger(__name__)


def announce(generator: Generator, pictures: int, batch: int | str) -> None:
    """Tell a generator that wants to know how much it will draw; see `DiffusersGenerator.expect`."""
    expect = getattr(generator, "expect", None)
    if expect is not None:
        expect(pictures, batch if isinstance(batch, int) else None)


def rehearse(workers: Executor, phases: Collection[str], first: str, prompt: str) -> dict[str, Answer]:
    """Have one plain picture described and one text drawn, which loads the models and checks all their settings.

    Then each model's adapter checks what it takes for granted, such as that a batch gives what single items give. What
    does not hold is done another way, which the adapter logs once.

    Models that stay one at a time are loaded one after the other, so that one of them is loaded twice in the run.

    Args:
        workers: that do the phases.
        phases: `describe` and `draw`, as far as there is anything left to do.
        first: the phase that comes first. Its model is tried last: then it is the one that is loaded.
        prompt: what the describer is asked; it serves as a text to draw, too.

    Returns:
        By phase what it took, what the models are here and what their checks found; the seconds count as loading.

    Raises:
        StudyError: if a model cannot be loaded or used with these settings, or there is no room for it.
    """
    tasks: dict[str, Task] = {"describe": Describe([PLAIN_PICTURE], prompt), "draw": Draw([prompt], [0])}
    answers = {}
    for phase in sorted(phases, key=lambda phase: phase == first):
        answer = workers.submit(tasks[phase]).result()
        if answer.out_of_memory is not None:
            raise StudyError(
                f"The models do not fit into memory ({answer.out_of_memory}). Set loop.residency: one, "
                "generator.offload: model or describer.quantisation, or use smaller models or pictures."
            )
        checked = workers.submit(Check(prompt, tasks[phase].model)).result()
        seconds = answer.seconds + checked.load_seconds + checked.seconds
        costs = total([answer.costs, checked.costs])
        answers[phase] = replace(answer, findings=checked.findings, seconds=seconds, costs=costs)
        for described in answer.descriptions:
            if isinstance(described, Failure):
                # Hours later, the table of failures would say the same of every chain.
                logger.warning("The describer has no description of a plain grey picture: %s", described.reason)
    return answers


def refuse_idle_guidance(findings: Sequence[Finding]) -> None:
    """Refuse a guidance that does not change the picture, before a study depends on it.

    Raises:
        StudyError: naming the setting, and the one that the pipeline heeds.
    """
    for finding in findings:
        if finding.ability.startswith(GUIDANCE) and not finding.works:
            raise StudyError(finding.note)
