"""Labels people with image classifiers of transformers."""

import json
import logging
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.annotators.class_heads import ClassHeads
from broken_telephone.models.annotators.class_map import ClassMap, Options
from broken_telephone.models.annotators.picture_annotator import PictureAnnotator
from broken_telephone.models.annotators.settings import ClassifierSettings
from broken_telephone.models.loading.input_size import PictureModel
from broken_telephone.models.loading.load_errors import loading
from broken_telephone.models.loading.provenance import folder_with, pretrained
from broken_telephone.models.protocols import Labelled, Labels
from broken_telephone.models.settings import TorchSettings
from broken_telephone.visible import shortlist

logger = logging.getLogger(__name__)

_LISTED = 40
CONFIG = "config.json"


class ImageModel(PictureModel[TorchSettings]):
    """One model for image classification of transformers, with its own image processor."""

    setting = "classifier"

    def __init__(self, settings: TorchSettings, setting: str | None = None) -> None:
        super().__init__(settings, setting)
        self._heads: ClassHeads | None = None

    def heads(self) -> ClassHeads:
        """Return the heads and their classes, from the configuration alone.

        Raises:
            StudyError: if it cannot be read.
        """
        if self._heads is None:
            with loading(self.settings, self.setting):
                self._heads = ClassHeads(*self._classes(), self.name)
        return self._heads

    def _classes(self) -> tuple[dict[int, str], str | None]:
        """Return output -> class, and the type of the problem; if possible without the slow import of transformers."""
        file = folder_with(self.settings, self.setting, [CONFIG]) / CONFIG
        stated = json.loads(file.read_text(encoding="utf-8"))
        if "id2label" in stated:
            return {int(number): str(name) for number, name in stated["id2label"].items()}, stated.get("problem_type")
        from transformers import AutoConfig

        name, arguments = pretrained(self.settings, self.setting)
        config = AutoConfig.from_pretrained(name, **arguments)
        return config.id2label, config.problem_type

    def logits(self, images: list[Image.Image]) -> np.ndarray:
        """Return the outputs of the model for each RGB picture, float32 (n, outputs).

        Raises:
            StudyError: if the model cannot be loaded, or its numbers overflow.
        """
        import torch

        self.load()
        model, processor = self._loaded
        inputs = processor(images=images, return_tensors="pt").to(model.device, dtype=model.dtype)
        with torch.inference_mode():
            outputs: np.ndarray = model(**inputs).logits.float().cpu().numpy()
        if not np.isfinite(outputs).all():
            raise StudyError(f"{self.setting}: the numbers of {self.name} overflowed. Set its dtype to float32")
        return outputs

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoImageProcessor, AutoModelForImageClassification

        model = self._transformers_model(AutoModelForImageClassification, name, arguments)
        return model, self._transformers_processor(AutoImageProcessor, name, arguments)


class _Head(NamedTuple):
    model: ImageModel
    head: str
    names: list[str]
    """The classes in the order of the outputs, as the settings name them."""


class ImageClassifier(PictureAnnotator[ClassifierSettings]):
    """Labels people with one model of one or several heads, or with one model for each attribute."""

    def __init__(
        self, settings: ClassifierSettings, setting: str = "annotator", detector: dict[str, Any] | None = None
    ) -> None:
        super().__init__(settings, setting, detector)
        self._map = ClassMap(setting, settings.classes)
        self._single = None
        if settings.classifier is not None:
            self._single = ImageModel(settings.classifier, f"{setting}.classifier")
        self._by_variable = {
            name: ImageModel(own, f"{setting}.classifiers.{name}") for name, own in (settings.classifiers or {}).items()
        }

    @property
    def name(self) -> str:
        """The hub id or the folder's name of each model."""
        return " + ".join(dict.fromkeys(model.name for model in self._models))

    @property
    def device(self) -> str:
        """The device of the first model."""
        return self._models[0].device

    def resolved(self) -> dict[str, str | None]:
        """Return dtype and commit of the model; of several models, each under its attribute's name."""
        if self._single is not None:
            return self._single.resolved()
        each = ((name, model.resolved()) for name, model in self._by_variable.items())
        return {f"{name} {key}": value for name, values in each for key, value in values.items()}

    def variables(self, options: Options) -> list[str]:
        """Compare the settings with the classes of the models, and return the attributes and concepts that they label.

        Raises:
            StudyError: naming classes, attributes or categories that do not exist.
        """
        if unknown := [name for name in self._by_variable if name not in options]:
            raise StudyError(
                f"{self.setting}.classifiers: this study does not ask for {unknown[0]!r} (it asks for: "
                f"{', '.join(options)})"
            )
        self._map.check(options)
        wanted = [name for name in options if name in self._named() and not self._is_unmapped(name, options)]
        if not wanted:
            raise StudyError(
                f"{self.setting}: state in {self.setting}.classes which attribute the classes of {self.name} belong "
                f"to, and which category each stands for. They are: "
                f"{shortlist(self._models[0].heads().classes, _LISTED)}"
            )
        for variable in wanted:
            self._map.check_classes(variable, self._head_of(variable).names, options)
        return wanted

    def _is_unmapped(self, variable: str, options: Options) -> bool:
        """Return whether a head of the model has the name of an attribute, but no class that is a category; log it."""
        if self._single is None or self._map.of(variable) is not None:
            return False
        names = self._head_of(variable).names
        if any(self._map.category(variable, name, options) for name in names):
            return False
        logger.warning(
            "%s: %s is not labelled, because no class of it is a category. State what they mean in %s.classes.%s: %s",
            *(self.setting, variable, self.setting, variable, shortlist(names, _LISTED)),
        )
        return True

    def _named(self) -> list[str]:
        """Return what the settings name, and the heads of the model."""
        if self._single is None:
            return list(self._by_variable)
        return [*self._single.heads().heads, *(self._map.stated or {})]

    def _head_of(self, variable: str) -> _Head:
        """Return the head that labels an attribute.

        If categories are found by the names of classes, the name of the head does not count.
        """
        model = self._single or self._by_variable[variable]
        heads, stated = model.heads(), self._map.of(variable)
        if stated is not None:
            head = heads.head_with(stated, f"{self.setting}.classes.{variable}")
            return _Head(model, head, heads.classes_of(head))
        if variable not in heads.heads and len(heads.heads) > 1:
            raise StudyError(f"{self.setting}: state the classes of {variable} in {self.setting}.classes.{variable}")
        head = variable if variable in heads.heads else next(iter(heads.heads))
        return _Head(model, head, [label.removeprefix(f"{head}/") for label in heads.classes_of(head)])

    @property
    def _models(self) -> list[ImageModel]:
        return [self._single] if self._single is not None else list(self._by_variable.values())

    def _classify(self, images: list[Image.Image], options: Options) -> list[Labels]:
        outputs: dict[str, np.ndarray] = {}
        by_variable: dict[str, list[Labelled]] = {}
        for variable in options:
            model, head, names = self._head_of(variable)
            if model.setting not in outputs:
                outputs[model.setting] = model.logits(images)
            by_variable[variable] = [
                self._map.from_probabilities(variable, dict(zip(names, shares, strict=True)), options)
                for shares in model.heads().probabilities(head, outputs[model.setting])
            ]
        return [dict(zip(by_variable, answers, strict=True)) for answers in zip(*by_variable.values(), strict=True)]

    def _identity(self) -> dict[str, Any]:
        record: dict[str, Any] = {}
        if self._single is not None:
            record["classifier"] = self._single.identity()
        else:
            record["classifiers"] = {name: model.identity() for name, model in self._by_variable.items()}
        return record | ({} if self.settings.classes is None else {"classes": self.settings.classes})

    def _input_side(self) -> int | None:
        sides = [model.longest for model in self._models]
        return max((side for side in sides if side is not None), default=None)

    def _load(self) -> None:
        for model in self._models:
            model.load()

    def _release(self) -> None:
        for model in self._models:
            model.release()
