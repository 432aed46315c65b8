"""Cuts the largest face out of pictures, for annotators that were trained on faces."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.annotators.settings import FaceSettings
from broken_telephone.models.protocols import FaceDetector
from broken_telephone.models.registry import make_detector


def detector_of(settings: FaceSettings, setting: str, study: dict[str, Any] | None) -> FaceDetector | None:
    """Return the model that finds faces; None if whole pictures are read.

    Args:
        settings: of the annotator.
        setting: its name in the study.
        study: plain settings of the study's detector.

    Raises:
        StudyError: if there is no detector, or its settings are wrong.
    """
    if settings.reads == "picture":
        return None
    if settings.detector is not None:
        return make_detector(settings.detector.model_dump(exclude_unset=True), f"{setting}.detector")
    if not study:
        raise StudyError(f"{setting}.reads: face needs a face detector. Name one as `detector`")
    return make_detector(study)


def cut_faces(images: Sequence[Image.Image], detector: FaceDetector, margin: float) -> list[Image.Image | None]:
    """Return a square around the largest face of each RGB picture; None for a picture without a face.

    Args:
        images: the pictures.
        detector: finds faces.
        margin: space on each side of the face's box, as a share of its longer side.
    """
    faces_by_image = detector.detect(list(images))
    largest = [max(faces, key=lambda face: face.box[2] * face.box[3], default=None) for faces in faces_by_image]
    return [
        None if face is None else square_around(image, face.box, margin)
        for image, face in zip(images, largest, strict=True)
    ]


def square_around(image: Image.Image, box: tuple[float, float, float, float], margin: float) -> Image.Image:
    """Cut a square around a box; beyond the edge of the picture, its outermost pixels are repeated.

    Args:
        image: an RGB picture.
        box: x, y, width and height in pixels.
        margin: space on each side, as a share of the longer side of the box.
    """
    x, y, width, height = box
    side = max(round((1 + 2 * margin) * max(width, height)), 1)
    left, top = round(x + width / 2 - side / 2), round(y + height / 2 - side / 2)
    columns = np.clip(np.arange(left, left + side), 0, image.width - 1)
    rows = np.clip(np.arange(top, top + side), 0, image.height - 1)
    return Image.fromarray(np.asarray(image)[rows[:, None], columns])
