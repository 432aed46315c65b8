"""Protocols of models: what the study asks of a model, independent of the library that runs it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from PIL import Image

from broken_telephone.models.attribution.class_activation import Explanation, Target, Word

REGIONS = ("background", "hair", "face", "body")
"""Regions of a picture of a person: disjoint, together the whole picture. Maps hold indices into this tuple."""


@dataclass(frozen=True)
class Description:
    """A text that a describer wrote about one picture."""

    text: str
    """The answer alone, without a thought and without end tokens."""
    tokens: int | None
    """New tokens, including those of a thought, without the end token. For an endpoint, the server's count or None."""
    truncated: bool
    """Whether the limit of new tokens was reached before the end token."""
    refused: bool = False
    """Whether a content filter stepped in, or the answer opens as a refusal (`labels/answer_parsing/refusals.py`)."""
    thought: str | None = None
    """The text that a reasoning model wrote before its answer. Records keep it, and nothing uses it."""


@dataclass(frozen=True)
class Failure:
    """States why there is no picture for a prompt, or no description of a picture."""

    kind: str
    """One of the constants in `models/failures.py`."""
    reason: str
    thought: str | None = None
    """The describer's thought, if it wrote one; see `Description`."""
    text: str | None = None
    """The answer, if the describer repeated one phrase. In a form, the phrase may be a whole answer."""


@dataclass(frozen=True)
class Face:
    """A face that a detector found in a picture."""

    box: tuple[float, float, float, float]
    """x, y, width, height in pixels of the picture, clipped to it."""
    score: float
    """The detector's score, 0 to 1."""
    landmarks: np.ndarray
    """float32 (5, 2), x and y in pixels of the picture: left eye, right eye, nose, left and right corner of the
    mouth, as the viewer sees them. They are not clipped."""


@dataclass(frozen=True)
class Finding:
    """What a model's adapter found when it checked one of its abilities."""

    ability: str
    """Such as `several images at once`."""
    works: bool
    note: str = ""
    """If it does not work: what is done instead, and why."""


Likelihoods = list[list[float]]
"""The natural logarithms of the likelihoods of a form's options, per line and option."""


@dataclass(frozen=True)
class Choices:
    """A form that a describer fills in by choosing instead of writing."""

    prompt: str
    lines: Sequence[Sequence[str]]
    """The options of each line of the answer, as they would be written."""
    titles: Sequence[str] = ()
    """The title of each line, which is no answer even if it reads like an option; empty if lines have none."""


class Labelled(NamedTuple):
    """What an annotator that is no describer answers about one attribute or concept of a picture."""

    category: str | None
    """The category of a valid answer."""
    status: Literal["valid", "unsure", "invalid"]
    """invalid: the answer is a class without a category."""
    probabilities: Mapping[str, float] = {}
    """Category -> probability. Their sum is below 1 if the annotator has classes without a category. Empty if it gives
    no probabilities."""


Labels = Mapping[str, Labelled]
"""The answers about one picture by attribute or concept; one that is missing was not answered."""


class Model(Protocol):
    """A model that is set up but holds no weights until `load`, which every method that needs them calls."""

    @property
    def name(self) -> str:
        """The hub id, the folder's own name, or the name that an endpoint serves it under."""
        ...

    @property
    def device(self) -> str:
        """The device it runs on, such as cpu or cuda; endpoint for a model that runs elsewhere."""
        ...

    def identity(self) -> dict[str, Any]:
        """Return everything about the model that changes its results, without loading it.

        Raises:
            StudyError: if the model does not exist.
        """
        ...

    def resolved(self) -> dict[str, str | None]:
        """Return what the settings left open and this machine decided, such as dtype. The identity omits it."""
        ...

    def load(self) -> None:
        """Load the weights, if they are not loaded."""
        ...

    def release(self) -> None:
        """Free the weights' memory."""
        ...


class SelfChecking(Model, Protocol):
    """A model whose adapter checks what it takes for granted."""

    def check(self, prompt: str) -> Sequence[Finding]:
        """Check each ability once, before results count; later calls return the same findings."""
        ...


class Editor(Model, Protocol):
    """An image-to-image model."""

    def edit(
        self, images: list[Image.Image], prompts: list[str], seeds: list[int], strength: float
    ) -> list[Image.Image | Failure]:
        """Change each RGB picture towards its prompt, with a strength from 0 to 1, each from its own seed."""
        ...


class Generator(Model, Protocol):
    """A text-to-image model."""

    def draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        """Draw one RGB picture per prompt, each from its own seed (0 ... 2**63 - 1)."""
        ...

    def truncates(self, prompts: list[str]) -> Sequence[bool | None]:
        """Return for every prompt whether all text encoders of the model cut it off; None if that is unknown."""
        ...


class HasInputSize(Model, Protocol):
    """A model that reads pictures."""

    @property
    def longest(self) -> int | None:
        """The longer side, in pixels, of the largest picture that it reads in full; None if that is unknown."""
        ...


class Describer(HasInputSize, Protocol):
    """A vision-language model."""

    def describe(self, images: list[Image.Image], prompt: str) -> Sequence[Description | Failure]:
        """Answer the same prompt about each RGB picture."""
        ...


class Chooser(Describer, Protocol):
    """A describer that computes how likely answers are."""

    def choose(self, images: list[Image.Image], forms: Sequence[Choices]) -> Sequence[list[Likelihoods] | Failure]:
        """Return for each RGB picture and form the log-likelihood of each option of each line.

        Raises:
            UnableError: if its checks found the model unable to do so.
        """
        ...


class Classifier(HasInputSize, Protocol):
    """An annotator that labels people and writes nothing."""

    def variables(self, options: Mapping[str, Sequence[str]]) -> list[str]:
        """Check the settings, and return the attributes and concepts that it labels.

        Args:
            options: attribute or concept -> categories that the study asks for.

        Raises:
            StudyError: naming classes, attributes or categories that do not exist.
        """
        ...

    def classify(self, images: list[Image.Image], options: Mapping[str, Sequence[str]]) -> Sequence[Labels | Failure]:
        """Label the main person of each RGB picture: its attributes and concepts among `options`."""
        ...


class AnswerTable(Model, Protocol):
    """An annotator whose answers exist already."""

    def variables(self, options: Mapping[str, Sequence[str]]) -> list[str]:
        """Check the table, and return the attributes and concepts that it has; see `Classifier`."""
        ...

    def unknown_rows(self, names: Collection[str]) -> list[str]:
        """Return the rows that name none of a study's pictures, by what they name."""
        ...

    def look_up(self, names: list[Sequence[str]], options: Mapping[str, Sequence[str]]) -> Sequence[Labels]:
        """Return the answers about pictures, each given by all names that it has; none for a picture without a row."""
        ...


Annotator = Describer | Classifier | AnswerTable
"""Whatever labels the people in pictures."""


class Explainer(Describer, Protocol):
    """A describer that computes which parts of a picture support a word."""

    def explain(
        self,
        images: list[Image.Image],
        prompt: str,
        words: Sequence[Word],
        layers: Sequence[int],
        target: Target = "log_probability",
    ) -> list[Explanation | None]:
        """Compute how much each patch of an RGB picture supports a word that was written about it."""
        ...

    def weigh(self, images: list[Image.Image], prompt: str, words: Sequence[Word]) -> list[float | None]:
        """Return the logarithm of the probability of each word at its place, given an RGB picture."""
        ...

    def weigh_in_turn(
        self, batches: Iterable[tuple[list[Image.Image], Sequence[Word]]], prompt: str
    ) -> Iterator[list[float | None]]:
        """Yield what `weigh` returns for each batch; the next batch may be taken before the present one is done."""
        ...

    def randomise(self, seed: int) -> None:
        """Replace all weights by random ones until `release`."""
        ...


class TextEmbedder(Model, Protocol):
    """A model that maps texts to vectors; texts of similar meaning have similar vectors."""

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        """Return a unit vector for each text, float32 (n, d). A text that is too long is cut."""
        ...

    def truncates(self, texts: list[str]) -> list[bool]:
        """Return for every text whether the model cuts it off."""
        ...


class Embedder(TextEmbedder, HasInputSize, Protocol):
    """A dual encoder, which maps pictures and texts to one space."""

    @property
    def sentences(self) -> TextEmbedder:
        """The model that compares texts with each other: a sentence encoder, or the embedder itself."""
        ...

    def embed_images(self, images: list[Image.Image]) -> np.ndarray:
        """Return a unit vector for each RGB picture, float32 (n, d), in the space of `embed_texts`."""
        ...


class FaceDetector(HasInputSize, Protocol):
    """A model that finds faces."""

    def detect(self, images: list[Image.Image]) -> list[list[Face]]:
        """Return the faces of each RGB picture, highest score first. Pictures may differ in size."""
        ...


class RegionParser(HasInputSize, Protocol):
    """A model that divides a picture into `REGIONS`."""

    @property
    def grow(self) -> float | None:
        """How much larger than a face the square is that the parser reads; None if it reads whole pictures."""
        ...

    def parse(self, images: list[Image.Image], faces: Sequence[Sequence[Face]]) -> list[list[np.ndarray]]:
        """Return for each face of each RGB picture a map of the regions around that face.

        Each map covers the whole picture: uint8 (height, width), indices into `REGIONS`. A parser of whole pictures
        returns the same map for each face; one that reads around faces leaves 0 elsewhere.
        """
        ...
