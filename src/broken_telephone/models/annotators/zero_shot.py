"""Labels people with a dual encoder that compares pictures with texts about the categories."""

import logging
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.labels import UNSURE
from broken_telephone.models.annotators.class_map import ClassMap, Options, check_categories
from broken_telephone.models.annotators.picture_annotator import PictureAnnotator
from broken_telephone.models.annotators.settings import ZeroShotSettings
from broken_telephone.models.embedders.transformers_embedder import TransformersEmbedder
from broken_telephone.models.protocols import Labels

logger = logging.getLogger(__name__)


class ZeroShotAnnotator(PictureAnnotator[ZeroShotSettings]):
    """Labels people as CLIP does (Radford et al. 2021, section 3.1).

    The vector of a category is the mean of the unit vectors of its texts, scaled to length 1. Probabilities are the
    softmax over an attribute's categories of cosine times the model's own scale.
    """

    def __init__(
        self, settings: ZeroShotSettings, setting: str = "annotator", detector: dict[str, Any] | None = None
    ) -> None:
        super().__init__(settings, setting, detector)
        self._encoder = TransformersEmbedder(settings.zero_shot, f"{setting}.zero_shot")
        self._vectors: dict[str, np.ndarray] = {}
        """Attribute or concept -> unit vectors of its categories, float32 (categories, d)."""

    @property
    def name(self) -> str:
        """The hub id, or the folder's own name."""
        return self._encoder.name

    @property
    def device(self) -> str:
        """The device that it runs on."""
        return self._encoder.device

    def resolved(self) -> dict[str, str | None]:
        """Return dtype and commit."""
        return self._encoder.resolved()

    def variables(self, options: Options) -> list[str]:
        """Return the attributes and concepts that have prompts.

        Raises:
            StudyError: if the study does not ask for an attribute or category with prompts.
        """
        for variable, texts in self.settings.prompts.items():
            check_categories(f"{self.setting}.prompts", variable, texts, options)
            if never := [name for name in options[variable] if name not in texts and name != UNSURE]:
                logger.warning("%s: no prompt for %s %s", self.setting, variable, ", ".join(never))
        return [variable for variable in options if variable in self.settings.prompts]

    def _classify(self, images: list[Image.Image], options: Options) -> list[Labels]:
        vectors = self._encoder.embed_images(images).astype(float)
        answers: list[dict[str, Any]] = [{} for _ in images]
        by_name = ClassMap(self.setting, None)
        for variable in options:
            scores = self._encoder.scale * vectors @ self._texts(variable).T
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            for answer, row in zip(answers, shares.tolist(), strict=True):
                classes = dict(zip(self.settings.prompts[variable], row, strict=True))
                answer[variable] = by_name.from_probabilities(variable, classes, options)
        return list(answers)

    def _texts(self, variable: str) -> np.ndarray:
        if variable not in self._vectors:
            means = []
            for texts in self.settings.prompts[variable].values():
                written = [texts] if isinstance(texts, str) else texts
                if cut := [text for text, long in zip(written, self._encoder.truncates(written), strict=True) if long]:
                    logger.warning("%s reads only the beginning of the prompt %r", self.setting, cut[0])
                means.append(self._encoder.embed_texts(written).astype(float).mean(axis=0))
            self._vectors[variable] = np.stack([mean / np.linalg.norm(mean) for mean in means])
        return self._vectors[variable]

    def _identity(self) -> dict[str, Any]:
        return {"zero_shot": self._encoder.identity(), "prompts": self.settings.prompts}

    def _input_side(self) -> int | None:
        return self._encoder.longest

    def _load(self) -> None:
        self._encoder.load()

    def _release(self) -> None:
        self._encoder.release()
        self._vectors.clear()
