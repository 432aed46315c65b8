"""The tasks of models, one per batch, and the worker that does them, in this process or another."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeVar

from PIL import Image

from broken_telephone.models import (
    Choices,
    Description,
    Failure,
    Finding,
    Labels,
    Likelihoods,
    Model,
    free_memory,
    is_out_of_memory,
)
from broken_telephone.models.describers.answer_text import checked
from broken_telephone.models.endpoints.costs import total
from broken_telephone.models.failures import MODEL_ERROR

T = TypeVar("T")
R = TypeVar("R")

PLAIN_PICTURE = Image.new("RGB", (224, 224), "grey")
PLAIN_TEXT = "a picture"
"""An input that every working model can handle."""


@dataclass(frozen=True)
class Answer:
    """The results of a batch, and the time that it took."""

    descriptions: Sequence[Description | Failure] = ()
    images: Sequence[Image.Image | Failure] = ()
    cut: Sequence[bool] = ()
    """For drawn prompts: whether the generator did not read one to its end; empty if that is unknown."""
    likelihoods: Sequence[list[Likelihoods] | Failure] = ()
    """Likelihoods by picture and form."""
    findings: Sequence[Finding] = ()
    """What the model's adapter found when it checked itself."""
    labels: Sequence[Labels | Failure] = ()
    """Labels of the person in each picture."""
    out_of_memory: str | None = None
    """The error if the batch did not fit into memory; then there are no results."""
    seconds: float = 0.0
    """The time in the model."""
    load_seconds: float = 0.0
    """The time to load it, 0 if it was loaded."""
    device: str = ""
    resolved: Mapping[str, str | None] = field(default_factory=dict)
    """What the model's settings left open (`Model.resolved`)."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """What the requests of a model behind an endpoint cost, by counter; none for other models."""

    def taken(self, items: int) -> dict[str, Any]:
        """Return what records say about the time and the device that so many items took."""
        seconds = {"seconds": round(self.seconds, 4), "load_seconds": round(self.load_seconds, 4)}
        costs = {"costs": dict(self.costs)} if self.costs else {}
        return {"size": items, **seconds, "device": self.device, "resolved": dict(self.resolved), **costs}

    def after(self, rehearsed: "Answer") -> "Answer":
        """Return this answer with the time of a rehearsal, which counts as loading, and its costs."""
        seconds = self.load_seconds + rehearsed.load_seconds + rehearsed.seconds
        return replace(self, load_seconds=seconds, costs=total([rehearsed.costs, self.costs]))


class Task(Protocol):
    """Something to be done by one model."""

    @property
    def model(self) -> str:
        """The model's name among the worker's."""
        ...

    def do(self, model: Any) -> Answer:
        """Do it with the model."""
        ...


@dataclass(frozen=True)
class Describe:
    """Describe pictures; the answer is one `Description` or `Failure` each."""

    images: list[Image.Image]
    prompt: str
    model: str = "describer"

    def do(self, model: Any) -> Answer:
        """Do it with the model."""
        written = at_fault(self.images, PLAIN_PICTURE, lambda images: model.describe(images, self.prompt))
        # The adapters hand in clean answers. Any other class that keeps the protocol may hand in raw text.
        return Answer(descriptions=[checked(one, model.name) for one in written])


@dataclass(frozen=True)
class Draw:
    """Draw prompts, each from its own seed; the answer is one picture or `Failure` each."""

    prompts: list[str]
    seeds: list[int]
    model: str = "generator"

    def do(self, model: Any) -> Answer:
        """Do it with the model."""

        def draw(wanted: list[tuple[str, int]]) -> Iterable[tuple[bool | None, Image.Image | Failure]]:
            prompts, seeds = [prompt for prompt, _ in wanted], [seed for _, seed in wanted]
            return zip(model.truncates(prompts), model.draw(prompts, seeds), strict=True)

        drawn = at_fault(list(zip(self.prompts, self.seeds, strict=True)), (PLAIN_TEXT, 0), draw)
        both = [(False, each) if isinstance(each, Failure) else each for each in drawn]
        cut = [cut for cut, _ in both if cut is not None]
        return Answer(cut=cut if len(cut) == len(both) else (), images=[image for _, image in both])


@dataclass(frozen=True)
class Edit:
    """Change pictures towards prompts, each from its own seed; the answer is one picture or `Failure` each."""

    items: list[tuple[Image.Image, str, int]]
    """Picture, prompt and seed."""
    strength: float
    model: str = "editor"

    def do(self, model: Any) -> Answer:
        """Do it with the model."""

        def edit(wanted: list[tuple[Image.Image, str, int]]) -> Iterable[Image.Image | Failure]:
            images, prompts, seeds = (list(values) for values in zip(*wanted, strict=True))
            return model.edit(images, prompts, seeds, self.strength)

        return Answer(images=at_fault(self.items, (PLAIN_PICTURE, PLAIN_TEXT, 0), edit))


@dataclass(frozen=True)
class Check:
    """Let a model's adapter check itself; models without checks have no findings."""

    prompt: str
    model: str

    def do(self, model: Any) -> Answer:
        """Do it with the model."""
        check = getattr(model, "check", None)
        return Answer(findings=[] if check is None else list(check(self.prompt)))


def recorded(findings: Sequence[Finding]) -> dict[str, str]:
    """Return what records say about findings: ability -> `works`, or what is done instead and why."""
    return {finding.ability: "works" if finding.works else finding.note for finding in findings}


@dataclass(frozen=True)
class Choose:
    """Fill in forms about pictures by choosing; the answer is the likelihood of every option of each."""

    images: list[Image.Image]
    forms: Sequence[Choices]
    model: str = "annotator"

    def do(self, model: Any) -> Answer:
        """Do it with the model."""
        return Answer(likelihoods=model.choose(self.images, self.forms))


@dataclass(frozen=True)
class Classify:
    """Label the people in pictures; the answer is `Labels` or a `Failure` each."""

    images: list[Image.Image]
    options: Mapping[str, Sequence[str]]
    """Attribute or concept -> categories that are asked for."""
    model: str = "annotator"

    def do(self, model: Any) -> Answer:
        """Do it with the model."""
        return Answer(labels=at_fault(self.images, PLAIN_PICTURE, lambda images: model.classify(images, self.options)))


@dataclass(frozen=True)
class LookUp:
    """Look answers about pictures up in a table."""

    names: list[Sequence[str]]
    """All names of each picture."""
    options: Mapping[str, Sequence[str]]
    """Attribute or concept -> categories that are asked for."""
    model: str = "annotator"

    def do(self, model: Any) -> Answer:
        """Do it with the table."""
        return Answer(labels=model.look_up(self.names, self.options))


def at_fault(items: list[T], plain: T, ask: Callable[[list[T]], Iterable[R]]) -> list[R | Failure]:
    """Ask about all items together; bisect after an error that a plain item does not raise, to find its cause.

    Raises:
        Exception: what was raised if memory ran out, or if the plain item is no better: then no item is at fault.
    """
    try:
        return list(ask(items))
    except Exception as error:
        if is_out_of_memory(error) or not _can(ask, plain):
            raise
        if len(items) == 1:
            return [Failure(MODEL_ERROR, f"{type(error).__name__}: {' '.join(str(error).split())}")]
    half = len(items) // 2
    return [*at_fault(items[:half], plain, ask), *at_fault(items[half:], plain, ask)]


def _can(ask: Callable[[list[T]], Iterable[R]], plain: T) -> bool:
    try:
        list(ask([plain]))
    except Exception:
        return False
    return True


@dataclass
class Worker:
    """Holds models by name, and loads the one that a task needs."""

    models: Mapping[str, Model]
    residency: Literal["both", "one"]
    loading: str | None = field(default=None, init=False)
    """The model that is being loaded at this moment."""
    _last: str | None = field(default=None, init=False)

    def do(self, task: Task) -> Answer:
        """Do one task. Out of memory is an answer, and single items that the model fails at are failures in it.

        Raises:
            Exception: any other.
        """
        if self._last != task.model:
            self.release()
        self._last = task.model
        model = self.models[task.model]
        began = time.perf_counter()
        try:
            self.loading = task.model
            try:
                model.load()
            finally:
                self.loading = None
            loaded = time.perf_counter()
            answer = task.do(model)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            answer, loaded = Answer(out_of_memory=str(error)), time.perf_counter()
        if answer.out_of_memory is not None:
            # Here, where the traceback no longer holds what filled the memory.
            free_memory()
        seconds = time.perf_counter() - loaded
        take_costs = getattr(model, "take_costs", dict)
        return replace(
            answer,
            seconds=seconds,
            load_seconds=loaded - began,
            device=model.device,
            resolved=model.resolved(),
            costs=take_costs(),
        )

    def release(self) -> None:
        """Free the memory of the model that worked last, if models are loaded one at a time."""
        if self.residency == "one" and self._last is not None:
            self.models[self._last].release()
