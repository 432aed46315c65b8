"""Embeds pictures and texts with any dual encoder of transformers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.embedders.sentence_encoder import SentenceEncoder
from broken_telephone.models.embedders.text_length import longest_text, too_long
from broken_telephone.models.embedders.unit_vectors import unit_vectors
from broken_telephone.models.loading.input_size import PictureModel
from broken_telephone.models.protocols import TextEmbedder
from broken_telephone.models.settings import EmbedderSettings


class TransformersEmbedder(PictureModel[EmbedderSettings]):
    """Embeds pictures and texts with a dual encoder. A sentence encoder compares texts where the study names one."""

    setting = "embedder"
    # The sentence encoder has an identity of its own: another one does not change the pictures' vectors.
    _no_matter = PictureModel._no_matter | {"texts"}

    def __init__(self, settings: EmbedderSettings, setting: str | None = None) -> None:
        super().__init__(settings, setting)
        self._sentences = None if settings.texts is None else SentenceEncoder(settings.texts)

    @property
    def sentences(self) -> TextEmbedder:
        """The model that compares texts with each other: the one that `texts` names, or the embedder itself."""
        return self if self._sentences is None else self._sentences

    def embed_images(self, images: list[Image.Image]) -> np.ndarray:
        """Return a unit vector for each RGB picture, float32 (n, d), as the model's own processor prepares it.

        Raises:
            StudyError: if the model cannot be loaded, or its numbers overflow.
        """
        self.load()
        model, processor, _ = self._loaded
        inputs = processor(images=images, return_tensors="pt").to(model.device, dtype=model.dtype)
        return self._vectors(model.get_image_features, inputs)

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        """Return a unit vector for each text, float32 (n, d), in the space of the pictures.

        Texts that are too long are cut; see `truncates`.

        Raises:
            StudyError: as `embed_images`.
        """
        self.load()
        model, processor, limit = self._loaded
        padding = "max_length" if _reads_padding(model) else True
        inputs = processor(text=texts, padding=padding, truncation=True, max_length=limit, return_tensors="pt")
        return self._vectors(model.get_text_features, inputs.to(model.device))

    @property
    def scale(self) -> float:
        """The factor of a cosine in the logits of a picture and a text, which the model learned."""
        self.load()
        return float(self._loaded[0].logit_scale.detach().float().exp())

    def truncates(self, texts: list[str]) -> list[bool]:
        """Return for every text whether it has more tokens than the model reads (77 for CLIP, 64 for SigLIP)."""
        self.load()
        _, processor, limit = self._loaded
        return too_long(processor.tokenizer, texts, limit)

    def _vectors(self, features: Callable[..., Any], inputs: Any) -> np.ndarray:
        import torch

        with torch.inference_mode():
            pooled = features(**inputs).pooler_output
        if pooled is None or pooled.dim() != 2:
            raise StudyError(f"{self.name} gives no single vector for a picture or a text: {_SUCH_AS}")
        return unit_vectors(pooled, self.setting)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoModel, AutoProcessor

        model = self._transformers_model(AutoModel, name, arguments)
        if not (hasattr(model, "get_image_features") and hasattr(model, "get_text_features")):
            raise StudyError(f"{self.name} is a {type(model).__name__}, which is no dual encoder: {_SUCH_AS}")
        processor = self._transformers_processor(AutoProcessor, name, arguments)
        limit = longest_text(processor.tokenizer, model.config.get_text_config(), self.setting)
        return model, processor, limit


_SUCH_AS = "name one such as CLIP or SigLIP as embedder.path or embedder.hub"


def _reads_padding(model: Any) -> bool:
    """Return whether the model reads the padding, too: SigLIP was trained on texts of full length."""
    # No configuration says so; the pipeline of transformers for such models goes by the name, too.
    return "siglip" in str(model.config.model_type)
