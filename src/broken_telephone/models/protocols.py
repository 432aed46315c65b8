"""What the study asks of a model, whichever library runs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

from broken_telephone.models.attribution.class_activation import Explanation, Target, Word

REGIONS = ("background", "hair", "face", "body")
"""What a picture of a person is divided into: disjoint, together the whole picture. Maps hold places in here."""


@dataclass(frozen=True)
class Description:
    """What a describer wrote about one picture."""

    text: str
    """The answer alone, without a thought and without end tokens."""
    tokens: int | None
    """New tokens, those of a thought included, without the end token; as the server counts them, or None, for an
    endpoint."""
    truncated: bool
    """Whether the limit of new tokens came before the end token."""
    refused: bool = False
    """Whether a content filter stepped in, or the answer opens as a refusal (`labels/refusals.py`)."""
    thought: str | None = None
    """What a reasoning model wrote before it answered. It is kept in records, and nothing uses it."""


@dataclass(frozen=True)
class Failure:
    """Why there is no picture for a prompt, or no description of a picture."""

    kind: str
    """One of those in `models/outcomes.py`."""
    reason: str
    thought: str | None = None
    """The describer's thought, if it wrote one; see `Description`."""
    text: str | None = None
    """The answer, if the describer repeated one phrase: of a form, the phrase may be a whole answer."""


@dataclass(frozen=True)
class Face:
    """A face that a detector found in a picture."""

    box: tuple[float, float, float, float]
    """x, y, width, height in pixels of the picture, clipped to it."""
    score: float
    """How sure the detector is, 0 to 1."""
    landmarks: np.ndarray
    """float32 (5, 2), x and y in pixels of the picture: left eye, right eye, nose, left and right corner of the
    mouth, as the viewer sees them. They are not clipped."""


Likelihoods = list[list[float]]
"""Per line of a form and option: the natural logarithm of its likelihood."""


@dataclass(frozen=True)
class Choices:
    """A form whose answer is chosen instead of written."""

    prompt: str
    lines: Sequence[Sequence[str]]
    """For each line of the answer its options, as they would be written."""


class Model(Protocol):
    """A model that is set up but holds no weights until `load`, which every use calls by itself."""

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
        """Return what the settings left open and this machine decided, such as dtype; no part of the identity."""
        ...

    def load(self) -> None:
        """Load the weights, if they are not loaded."""
        ...

    def release(self) -> None:
        """Give the weights' memory back."""
        ...


class Generator(Model, Protocol):
    """A text-to-image model."""

    def draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        """Draw one RGB picture per prompt, each from its own seed (0 ... 2**63 - 1)."""
        ...

    def truncates(self, prompts: list[str]) -> list[bool]:
        """Return for every prompt whether no text encoder of the model reads it to its end."""
        ...


class Looker(Model, Protocol):
    """A model that looks at pictures."""

    @property
    def longest(self) -> int | None:
        """The longer side, in pixels, of the largest picture that it reads in full; None if that is unknown."""
        ...


class Describer(Looker, Protocol):
    """A vision-language model."""

    def describe(self, images: list[Image.Image], prompt: str) -> Sequence[Description | Failure]:
        """Answer the same prompt about each RGB picture."""
        ...


class Chooser(Describer, Protocol):
    """A describer that tells how likely answers are."""

    def choose(self, images: list[Image.Image], forms: Sequence[Choices]) -> list[list[Likelihoods]]:
        """Return for each RGB picture and form how likely each option of each line is."""
        ...


class Explainer(Describer, Protocol):
    """A describer that tells where in a picture a word of its own comes from."""

    def explain(
        self,
        images: list[Image.Image],
        prompt: str,
        words: Sequence[Word],
        layers: Sequence[int],
        target: Target = "log_probability",
    ) -> list[Explanation | None]:
        """Say how much each patch of an RGB picture supports a word that was written about it."""
        ...

    def weigh(self, images: list[Image.Image], prompt: str, words: Sequence[Word]) -> list[float | None]:
        """Return the logarithm of the probability of each word at its place, given an RGB picture."""
        ...

    def randomise(self, seed: int) -> None:
        """Replace all weights by random ones until `release`."""
        ...


class TextEmbedder(Model, Protocol):
    """A model that gives texts places in a space, where those of similar meaning are close."""

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        """Return a unit vector for each text, float32 (n, d); of one that is too long, for its beginning."""
        ...

    def truncates(self, texts: list[str]) -> list[bool]:
        """Return for every text whether the model does not read it to its end."""
        ...


class Embedder(TextEmbedder, Looker, Protocol):
    """A dual encoder: pictures and texts in one space."""

    @property
    def sentences(self) -> TextEmbedder:
        """What compares texts with each other: a model of its own, or the embedder itself."""
        ...

    def embed_images(self, images: list[Image.Image]) -> np.ndarray:
        """Return a unit vector for each RGB picture, float32 (n, d), in the space of `embed_texts`."""
        ...


class FaceDetector(Looker, Protocol):
    """A model that finds faces."""

    def detect(self, images: list[Image.Image]) -> list[list[Face]]:
        """Return the faces of each RGB picture, surest first; pictures may be of any size, and of different ones."""
        ...


class RegionParser(Looker, Protocol):
    """A model that divides a picture into `REGIONS`."""

    @property
    def grow(self) -> float | None:
        """How much larger than a face the square is that the parser looks at; None if it looks at whole pictures."""
        ...

    def parse(self, images: list[Image.Image], faces: Sequence[Sequence[Face]]) -> list[list[np.ndarray]]:
        """Return a map for each face of each RGB picture, as the parser sees the picture around that face.

        Each is of the whole picture: uint8 (height, width), places in `REGIONS`. A parser that looks at whole
        pictures gives the same map for each face; one that looks around faces leaves 0 where it did not look.
        """
        ...
