"""What a model is asked for one batch, and the worker that does it, in this process or in another."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image

from broken_telephone.models import Describer, Description, Failure, Generator, free_memory, is_out_of_memory


@dataclass(frozen=True)
class Describe:
    """Describe pictures; the answer is one `Description` or `Failure` each."""

    images: list[Image.Image]
    prompt: str


@dataclass(frozen=True)
class Draw:
    """Draw prompts, each from its own seed; the answer is one picture or `Failure` each."""

    prompts: list[str]
    seeds: list[int]


@dataclass(frozen=True)
class Answer:
    """What came of a batch, and what it took."""

    descriptions: Sequence[Description | Failure] = ()
    images: list[Image.Image | Failure] = field(default_factory=list)
    cut: list[bool] = field(default_factory=list)
    """For drawn prompts: whether the generator did not read one to its end."""
    out_of_memory: str | None = None
    """What the model said when the batch did not fit; then there is nothing else."""
    seconds: float = 0.0
    """Spent in the model."""
    load_seconds: float = 0.0
    """Spent loading it, if it was not loaded."""
    device: str = ""


class Worker:
    """Both models, of which it loads the one that is asked for."""

    def __init__(self, describer: Describer, generator: Generator, residency: Literal["both", "one"]) -> None:
        self._models = {"describe": describer, "draw": generator}
        self._describer, self._generator = describer, generator
        self._alone = residency == "one"
        self._last: str | None = None

    def do(self, task: Describe | Draw) -> Answer:
        """Do one batch. Memory that runs out is an answer; every other error is raised."""
        phase = "describe" if isinstance(task, Describe) else "draw"
        if self._last != phase:
            self.release()
        self._last = phase
        began = time.perf_counter()
        try:
            self._models[phase].load()
            loaded = time.perf_counter()
            answer = self._describe(task) if isinstance(task, Describe) else self._draw(task)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            answer, loaded = Answer(out_of_memory=str(error)), time.perf_counter()
        if answer.out_of_memory is not None:
            # Here, where the traceback no longer holds what filled the memory.
            free_memory()
        took = {"seconds": time.perf_counter() - loaded, "load_seconds": loaded - began}
        return Answer(**{**vars(answer), **took, "device": self._models[phase].device})

    def release(self) -> None:
        """Give the memory of the model back that worked last, if models are to stay one at a time."""
        if self._alone and self._last is not None:
            self._models[self._last].release()

    def _describe(self, task: Describe) -> Answer:
        return Answer(descriptions=self._describer.describe(task.images, task.prompt))

    def _draw(self, task: Draw) -> Answer:
        return Answer(
            cut=self._generator.truncates(task.prompts), images=self._generator.draw(task.prompts, task.seeds)
        )
