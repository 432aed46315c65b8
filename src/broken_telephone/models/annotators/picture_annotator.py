"""The base class of annotators that look at pictures, or at the largest face in them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PIL import Image

from broken_telephone.models.annotators.class_map import Options
from broken_telephone.models.annotators.face_crop import cut_faces, detector_of
from broken_telephone.models.annotators.settings import FaceSettings
from broken_telephone.models.protocols import Failure, Labelled, Labels

FaceSettingsT = TypeVar("FaceSettingsT", bound=FaceSettings)


class PictureAnnotator(ABC, Generic[FaceSettingsT]):
    """An annotator that labels pictures or faces."""

    is_repeatable = True
    """Whether equal inputs give equal results on one machine."""

    def __init__(self, settings: FaceSettingsT, setting: str, detector: dict[str, Any] | None = None) -> None:
        """Take the settings, their name in the study, and the settings of the study's detector.

        Raises:
            StudyError: if faces are to be read without a detector.
        """
        self.settings, self.setting = settings, setting
        self._detector = detector_of(settings, setting, detector)

    @property
    def longest(self) -> int | None:
        """The longer side, in pixels, of the largest picture that it reads in full; None if that is unknown."""
        if self._detector is None:
            return self._input_side()
        return self._detector.longest

    def identity(self) -> dict[str, Any]:
        """Return everything about the annotator that changes its results, without loading it.

        Raises:
            StudyError: if a model does not exist.
        """
        record = self._identity()
        if self._detector is not None:
            record |= {"reads": "face", "margin": self.settings.margin, "detector": self._detector.identity()}
        return record

    def load(self) -> None:
        """Load the weights, if they are not loaded."""
        self._load()
        if self._detector is not None:
            self._detector.load()

    def release(self) -> None:
        """Free the weights' memory."""
        self._release()
        if self._detector is not None:
            self._detector.release()

    def classify(self, images: list[Image.Image], options: Options) -> list[Labels | Failure]:
        """Label the main person of each RGB picture.

        If faces are read, the annotator is unsure about a picture without a face.

        Args:
            images: the pictures.
            options: attribute or concept -> categories that are asked for.
        """
        self.load()
        if self._detector is None:
            return list(self._classify(images, options))
        faces = cut_faces(images, self._detector, self.settings.margin)
        cut_out = [face for face in faces if face is not None]
        answers = iter(self._classify(cut_out, options) if cut_out else ())
        faceless = {variable: Labelled(None, "unsure") for variable in options}
        return [faceless if face is None else next(answers) for face in faces]

    @abstractmethod
    def _classify(self, images: list[Image.Image], options: Options) -> Sequence[Labels | Failure]:
        """Label pictures, or faces."""

    @abstractmethod
    def _identity(self) -> dict[str, Any]:
        """Return the identity of the models and what they are asked."""

    def _input_side(self) -> int | None:
        return None

    def _load(self) -> None: ...

    def _release(self) -> None: ...
