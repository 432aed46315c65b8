"""Divides pictures into regions with any semantic segmentation model of transformers, such as a SegFormer for faces."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.faces.class_regions import regions_of_classes
from broken_telephone.models.faces.region_parsing import by_region
from broken_telephone.models.faces.views import parse_views
from broken_telephone.models.faces.whole_pictures import cuts_or_pads
from broken_telephone.models.loading.input_size import PictureModel
from broken_telephone.models.loading.pixels import by_size
from broken_telephone.models.protocols import Face
from broken_telephone.models.settings import SegmenterSettings
from broken_telephone.visible import shortlist

logger = logging.getLogger(__name__)

_CONFIG = "config.json"


class TransformersParser(PictureModel[SegmenterSettings]):
    """Divides pictures of people into regions, by the classes of a segmentation model."""

    setting = "parser"

    def __init__(self, settings: SegmenterSettings, setting: str | None = None) -> None:
        """Check `regions` against the classes of the model, if its config.json is on this machine.

        Raises:
            StudyError: if they do not fit.
        """
        super().__init__(settings, setting)
        if (classes := _classes_on_disk(settings)) is not None:
            regions_of_classes(classes, settings.regions, self.setting)

    @property
    def grow(self) -> float | None:
        """How much larger than a face the square is that the model reads; None for whole pictures."""
        return self.settings.grow

    @property
    def longest(self) -> int | None:
        """The side of the pictures that it reads; None if it reads around faces, which may be small parts of one."""
        return super().longest if self.grow is None else None

    def parse(self, images: list[Image.Image], faces: Sequence[Sequence[Face]]) -> list[list[np.ndarray]]:
        """Return a map of the whole picture for each face of each RGB picture, uint8 (height, width).

        Values are places in `REGIONS`; see `views.parse_views` for `grow`.

        Raises:
            StudyError: if the model cannot be loaded.
        """
        self.load()
        return parse_views(images, faces, self.grow, self._scores)

    def _scores(self, views: list[Image.Image]) -> Any:
        """Score the regions in views, as the model's own processor prepares them: float (n, regions, h, w)."""
        model, processor, counts_as = self._loaded
        prepared = [processor(images=[view], return_tensors="pt")["pixel_values"] for view in views]
        # A processor that keeps the shape of pictures makes several sizes.
        return by_size(prepared, lambda group: self._of_one_size(model, group, counts_as), lambda one: one.shape[2:])

    def _of_one_size(self, model: Any, prepared: list[Any], counts_as: Sequence[int]) -> Any:
        import torch

        with torch.inference_mode():
            pixels = torch.cat(prepared).to(model.device, dtype=model.dtype)
            return by_region(model(pixel_values=pixels).logits.float(), counts_as)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoImageProcessor, AutoModelForSemanticSegmentation
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        model, report = AutoModelForSemanticSegmentation.from_pretrained(
            name, dtype=self.dtype, use_safetensors=True, output_loading_info=True, **arguments
        )
        if missing := sorted(report["missing_keys"]):
            raise StudyError(
                f"{self.name} lacks weights of its segmentation head ({shortlist(missing, 3)}): it was not trained to "
                f"segment. Name a model that was as {self.setting}.path or {self.setting}.hub"
            )
        names = model.config.id2label
        classes = [str(names[number]) for number in sorted(names)]
        counts_as, others = regions_of_classes(classes, self.settings.regions, self.setting)
        if others:
            logger.warning(
                "%s.regions does not name %s: they count as background.", self.setting, shortlist(others, 10)
            )
        processor = self._transformers_processor(AutoImageProcessor, name, arguments)
        if cuts_or_pads(processor):
            raise StudyError(
                f"The image processor of {self.name} cuts or pads pictures, so its regions would be misplaced. Correct "
                "its preprocessor_config.json: do_center_crop and do_pad are false, and size has height and width"
            )
        return model.eval().to(self.device), processor, counts_as


def _classes_on_disk(settings: SegmenterSettings) -> list[str] | None:
    """Return the model's classes by its config.json; None if that file is not on this machine, or names none."""
    if settings.path is not None:
        file: str | Path | None = Path(settings.path) / _CONFIG
    else:
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(str(settings.hub), _CONFIG, revision=settings.revision)
        file = cached if isinstance(cached, str) else None
    if file is None or not Path(file).is_file():
        return None
    try:
        names = json.loads(Path(file).read_text(encoding="utf-8")).get("id2label")
        return [str(names[number]) for number in sorted(names, key=int)] if isinstance(names, Mapping) else None
    # Loading the model says what is wrong with the file.
    except (ValueError, AttributeError):
        return None
