"""Trains the miniature's describer: a small LLaVA-NeXT that describes rendered people and follows the prompts.

First the vision tower learns to see (attribute heads on it, thrown away afterwards), then the whole model
learns to answer. Half of the pictures went through the generator's autoencoder, because drawn pictures are
what it will mostly read. The world it learns from is even in everything.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from diffusers import AutoencoderKL
from torch import nn
from transformers import (
    CLIPVisionConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
)

from broken_telephone.miniature.training.answering import PICTURE_TOKENS, TILE, soften, train_answers, views
from broken_telephone.miniature.training.attribute_heads import AttributeHeads
from broken_telephone.miniature.training.autoencoder import round_trip
from broken_telephone.miniature.training.optimisation import batches, mixed_precision, rate, set_up, step

_PATCH = 8
_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}USER: {% else %}ASSISTANT: {% endif %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% if message['role'] == 'user' %} {% else %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def new_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaNextProcessor:
    """Return the processor: a picture becomes one small view and, at full size, two by two tiles."""
    images = LlavaNextImageProcessor(
        size={"shortest_edge": TILE},
        crop_size={"height": TILE, "width": TILE},
        image_grid_pinpoints=[[2 * TILE, 2 * TILE]],
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    return LlavaNextProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=_PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_TEMPLATE,
    )


def new_describer(tokenizer: PreTrainedTokenizerFast) -> LlavaNextForConditionalGeneration:
    """Return the untrained model."""
    vision = CLIPVisionConfig(
        hidden_size=144,
        intermediate_size=576,
        num_hidden_layers=5,
        num_attention_heads=4,
        image_size=TILE,
        patch_size=_PATCH,
        projection_dim=144,
    )
    text = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=160,
        intermediate_size=448,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        sliding_window=None,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    config = LlavaNextConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=[[2 * TILE, 2 * TILE]],
        vision_feature_layer=-2,
        image_seq_length=PICTURE_TOKENS,
    )
    model = LlavaNextForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def half_drawn(vae: AutoencoderKL, images: np.ndarray) -> np.ndarray:
    """Return the pictures with the first half encoded and decoded: uint8, (n, 64, 64, 3)."""
    half = len(images) // 2
    return np.concatenate([round_trip(vae, images[:half]), images[half:]])


def _train_tower(
    model: LlavaNextForConditionalGeneration,
    heads: AttributeHeads,
    images: np.ndarray,
    samples: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> None:
    tower = model.model.vision_tower
    both = nn.ModuleList([tower, heads])
    optimiser = torch.optim.AdamW(both.parameters(), lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.02)
    rng = np.random.default_rng(seed)
    losses = []
    for progress, index in batches(len(images), batch_size, samples, seed, "Describer, vision tower"):
        pixels = views(soften(images[index], rng)).flatten(0, 1)
        with mixed_precision():
            tower_tokens = tower(pixels, output_hidden_states=True).hidden_states[-2][:, 1:]
            loss = heads.loss(tower_tokens.reshape(len(index), -1, tower_tokens.shape[-1]), index)
        step(optimiser, loss, rate(progress, learning_rate), both)
        losses.append(loss.item())
        if len(losses) % 100 == 0:
            seen_so_far = len(losses) * batch_size
            print(f"Describer, vision tower: {seen_so_far} samples, loss {np.mean(losses[-100:]):.4f}", flush=True)


def train_describer(
    images: np.ndarray,
    people: pd.DataFrame,
    tokenizer: PreTrainedTokenizerFast,
    tower_samples: int,
    samples: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    threads: int,
) -> LlavaNextForConditionalGeneration:
    """Train on pictures, uint8 (n, 64, 64, 3), and the rows that describe them."""
    set_up(seed, threads)
    model = new_describer(tokenizer)
    heads = AttributeHeads(model.config.vision_config.hidden_size, 5 * (TILE // _PATCH) ** 2, people)
    _train_tower(model, heads, images, tower_samples, batch_size, learning_rate, seed)
    train_answers(model, images, people, tokenizer, samples, batch_size, learning_rate, seed + 1, heads)
    return model.eval()


def save_describer(model: LlavaNextForConditionalGeneration, processor: LlavaNextProcessor, folder: Path) -> None:
    """Save model (half precision) and processor, ready for `from_pretrained`."""
    model.half().save_pretrained(folder, safe_serialization=True)
    processor.save_pretrained(folder)
