"""Tiny dual encoders and a tiny sentence encoder with random weights."""

from pathlib import Path

import torch
from tiny_describers import SMALL
from tiny_tokenizers import TOKENS, clip_tokenizer, word_tokenizer
from transformers import (
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
)

WORDS_READ = 12
"""Tokens that SigLIP and BERT have places for."""
SIDE = {"height": 8, "width": 8}


def save_clip(folder: Path) -> None:
    """CLIP, which reads `TOKENS` tokens."""
    tokenizer = clip_tokenizer()
    ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = CLIPConfig(
        text_config={**SMALL, **ids, "vocab_size": len(tokenizer), "max_position_embeddings": TOKENS},
        vision_config={**SMALL, "image_size": 8, "patch_size": 4},
        projection_dim=12,
    )
    images = CLIPImageProcessor(size={"shortest_edge": 8}, crop_size=SIDE)
    _save(CLIPModel(config), CLIPProcessor(images, tokenizer), folder)


def save_siglip(folder: Path) -> None:
    """SigLIP, whose tokenizer does not know how long texts may be."""
    tokenizer = word_tokenizer()
    config = SiglipConfig(
        text_config={**SMALL, "vocab_size": len(tokenizer), "max_position_embeddings": WORDS_READ},
        vision_config={**SMALL, "image_size": 8, "patch_size": 4},
    )
    _save(SiglipModel(config), SiglipProcessor(SiglipImageProcessor(size=SIDE), tokenizer), folder)


def save_bert(folder: Path) -> None:
    """An encoder of texts alone, as all-MiniLM-L6-v2 is."""
    tokenizer = word_tokenizer()
    config = BertConfig(
        **SMALL,
        vocab_size=len(tokenizer),
        max_position_embeddings=WORDS_READ,
        pad_token_id=tokenizer.pad_token_id,
    )
    _save(BertModel(config), tokenizer, folder)


def _save(model, processor, folder: Path) -> None:
    torch.manual_seed(0)
    # Tiny initial weights would hardly tell pictures apart.
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
