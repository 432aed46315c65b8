"""Embeds texts with any encoder of transformers, pooled by the mean over its tokens.

sentence-transformers pools most of its models so. It is no dependency, because a mean takes three lines and it would
add scikit-learn and its own loading, which knows neither our `load`, `dtype` and `device` nor our errors.
"""

import json
from typing import Any

import numpy as np

from broken_telephone.errors import StudyError
from broken_telephone.models.embedders.text_length import longest_text, too_long
from broken_telephone.models.embedders.unit_vectors import unit_vectors
from broken_telephone.models.loading.provenance import folder_with
from broken_telephone.models.loading.torch_model import TorchModel
from broken_telephone.models.settings import Source, TextEncoderSettings

_POOLING = "1_Pooling/config.json"


class SentenceEncoder(TorchModel[TextEncoderSettings]):
    """Embeds texts: the mean over the vectors of a text's tokens, as a unit vector."""

    setting = "embedder.texts"

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        """Return a unit vector for each text, float32 (n, d). Texts that are too long are cut, see `truncates`.

        Raises:
            StudyError: if the model cannot be loaded, or its numbers overflow.
        """
        import torch

        self.load()
        model, tokenizer, limit = self._loaded
        inputs = tokenizer(texts, padding=True, truncation=True, max_length=limit, return_tensors="pt")
        inputs = inputs.to(model.device)
        with torch.inference_mode():
            states = model(**inputs).last_hidden_state.float()
        mask = inputs["attention_mask"][..., None].float()
        return unit_vectors((states * mask).sum(1) / mask.sum(1), self.setting)

    def truncates(self, texts: list[str]) -> list[bool]:
        """Return for every text whether it has more tokens than the model reads."""
        self.load()
        _, tokenizer, limit = self._loaded
        return too_long(tokenizer, texts, limit)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoModel, AutoTokenizer

        _check_pooling(self.settings, self.setting)
        model = self._transformers_model(AutoModel, name, arguments)
        if model.config.is_encoder_decoder or hasattr(model, "get_image_features"):
            raise StudyError(
                f"{self.name} is a {type(model).__name__}, which is no encoder of texts alone: name one such as "
                "all-MiniLM-L6-v2, or take embedder.texts away to compare texts by the embedder itself"
            )
        tokenizer = self._transformers_processor(AutoTokenizer, name, arguments)
        limit = longest_text(tokenizer, model.config, self.setting, self.settings.max_tokens)
        return model, tokenizer, limit


def _check_pooling(source: Source, setting: str) -> None:
    """Refuse a model that was trained with another pooling: the means of its tokens have little meaning."""
    file = folder_with(source, setting, [_POOLING]) / _POOLING
    # Encoders that do not come from sentence-transformers have no such file.
    stated = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    switches = [name.removeprefix("pooling_mode_") for name in stated if name.startswith("pooling_mode_")]
    modes = [name for name in switches if stated[f"pooling_mode_{name}"]] or [stated.get("pooling_mode", "mean")]
    if modes not in (["mean"], ["mean_tokens"]):
        raise StudyError(
            f"{setting}: {source.hub or source.path} is pooled by {', '.join(modes)} ({_POOLING}), and only the mean "
            "over tokens is taken here: name another model, such as all-MiniLM-L6-v2"
        )
