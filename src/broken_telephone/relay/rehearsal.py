"""Both models are tried before the first batch: a wrong setting of the second would else show hours later.

Nothing is saved before, so that nothing is sealed and wrong settings may simply be corrected.
"""

from collections.abc import Collection

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.work import Describe, Executor, Load, Task

_PLAIN = Image.new("RGB", (224, 224), "grey")


def rehearse(workers: Executor, phases: Collection[str], first: str, prompt: str) -> dict[str, float]:
    """Load the models, which checks their settings, and have one plain picture described.

    Models that stay one at a time are loaded one after the other, so that one of them is loaded twice in the run.

    Args:
        workers: that do the phases.
        phases: `describe` and `draw`, as far as there is anything left to do.
        first: the phase that comes first. Its model is tried last: then it is the one that is loaded.
        prompt: what the describer is asked.

    Returns:
        Seconds by phase.

    Raises:
        StudyError: if a model cannot be loaded, or not with these settings.
    """
    tasks: dict[str, Task] = {"describe": Describe([_PLAIN], prompt), "draw": Load("generator")}
    seconds = {}
    for phase in sorted(phases, key=lambda phase: phase == first):
        answer = workers.submit(tasks[phase]).result()
        if answer.out_of_memory is not None:
            raise StudyError(
                f"The models do not fit into memory ({answer.out_of_memory}). Set loop.residency: one, "
                "generator.offload: model or describer.quantisation, or use smaller models."
            )
        seconds[phase] = answer.load_seconds + answer.seconds
    return seconds
