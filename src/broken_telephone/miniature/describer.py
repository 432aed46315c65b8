"""Trains the miniature's describer: a small LLaVA-NeXT that reads rendered people and follows the prompts.

First the vision tower learns to see (attribute heads on it, thrown away afterwards), then the whole model
learns to answer. Half of the pictures went through the generator's autoencoder, because drawn pictures are
what it will mostly read. The world it learns from is even in everything.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as nnf
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

from broken_telephone.miniature import language
from broken_telephone.miniature.autoencoder import round_trip
from broken_telephone.miniature.training import batches, mixed_precision, rate, set_up, step

TILE = 32
_PATCH = 8
_PICTURE_TOKENS = 88  # 16 of the small view, 8 x 8 of the four tiles, 8 line ends
_HEADS = (
    "emotion",
    "activity",
    "doing",
    "gender",
    "age",
    "ethnicity",
    "skin_tone",
    "hair_style",
    "hair_colour",
    "clothes",
    "background",
)
_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}USER: {% else %}ASSISTANT: {% endif %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% if message['role'] == 'user' %} {% else %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def new_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaNextProcessor:
    """The processor: a picture becomes one small view and, at full size, two by two tiles."""
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
    """The untrained model."""
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
        image_seq_length=_PICTURE_TOKENS,
    )
    model = LlavaNextForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def views(images: np.ndarray) -> torch.Tensor:
    """What the processor makes of pictures, in one go: uint8 (n, 64, 64, 3) to float32 (n, 5, 3, 32, 32)."""
    whole = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2)
    small = nnf.interpolate(whole.float(), size=(TILE, TILE), mode="bicubic", antialias=True).round().clamp(0, 255)
    tiles = [whole[:, :, y : y + TILE, x : x + TILE].float() for y in (0, TILE) for x in (0, TILE)]
    return torch.stack([small, *tiles], 1) / 127.5 - 1


def half_drawn(vae: AutoencoderKL, images: np.ndarray) -> np.ndarray:
    """The same pictures, the first half of them encoded and decoded: uint8, (n, 64, 64, 3)."""
    half = len(images) // 2
    return np.concatenate([round_trip(vae, images[:half]), images[half:]])


def _soften(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Drawn pictures are softer and noisier than rendered ones: some of these are made so."""
    noisy = images.astype(np.float32) + rng.normal(0, 1, images.shape) * rng.uniform(0, 8, (len(images), 1, 1, 1))
    shift = rng.uniform(-8, 8, (len(images), 1, 1, 3))
    return np.clip(noisy + shift, 0, 255).astype(np.uint8)


class _Heads(nn.Module):
    """Reads the main person's attributes from the tower's tokens, each with an attention of its own.

    The language model reads the tokens in the same way, so what these heads can read it can learn to say.
    """

    def __init__(self, width: int, people: pd.DataFrame) -> None:
        super().__init__()
        codes = {name: pd.Categorical(people[name]) for name in _HEADS}
        self.targets = {name: torch.from_numpy(code.codes.astype(np.int64)) for name, code in codes.items()}
        # What a kind of picture does not show is -1, which the loss leaves out.
        self.targets["emotion"][torch.tensor((people["kind"] == "scenes").tolist())] = -1
        self.places = nn.Parameter(0.02 * torch.randn(5 * (TILE // _PATCH) ** 2, width))
        self.queries = nn.Linear(width, len(codes))
        self.read = nn.ModuleDict({name: nn.Linear(width, len(code.categories)) for name, code in codes.items()})

    def loss(self, tokens: torch.Tensor, index: np.ndarray) -> torch.Tensor:
        """Sum of the cross-entropies for tokens, (n, 80, width), of the pictures with these indices."""
        placed = tokens + self.places
        pooled = self.queries(placed).softmax(1).transpose(1, 2) @ placed
        losses = [
            nnf.cross_entropy(head(pooled[:, k]).float(), self.targets[name][index], ignore_index=-1)
            for k, (name, head) in enumerate(self.read.items())
        ]
        return torch.stack(losses).sum()


def _train_tower(
    model: LlavaNextForConditionalGeneration,
    heads: _Heads,
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
        pixels = views(_soften(images[index], rng)).flatten(0, 1)
        with mixed_precision():
            seen = tower(pixels, output_hidden_states=True).hidden_states[-2][:, 1:]
            loss = heads.loss(seen.reshape(len(index), -1, seen.shape[-1]), index)
        step(optimiser, loss, rate(progress, learning_rate), both)
        losses.append(loss.item())
        if len(losses) % 100 == 0:
            seen_so_far = len(losses) * batch_size
            print(f"Describer, vision tower: {seen_so_far} samples, loss {np.mean(losses[-100:]):.4f}", flush=True)


def _tasks(row: language.Row, rng: np.random.Generator) -> tuple[str, ...]:
    """What is asked about a picture: everything, or in either order a form and what no form answers."""
    concept = "activity" if row["kind"] == "scenes" else "emotion"
    if rng.random() < 0.3:
        return ("free",)
    form = ("raf form", "phase form")[rng.integers(2)]
    question = concept if rng.random() < 0.75 else f"{concept} name"
    return (question, form) if rng.random() < 0.5 else (form, question)


def _conversation(
    row: language.Row, tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator
) -> tuple[list[int], list[bool]]:
    """Token ids of an exchange, and which of them are answers."""
    ids: list[int] = []
    learned: list[bool] = []
    for number, task in enumerate(_tasks(row, rng)):
        prompts = language.PROMPTS[task]
        picture = "<image>" * _PICTURE_TOKENS + "\n" if number == 0 else ""
        question = f"USER: {picture}{prompts[rng.integers(len(prompts))]} ASSISTANT:"
        asked = tokenizer(question, add_special_tokens=number == 0).input_ids
        said = tokenizer(" " + language.answer(task, row, rng), add_special_tokens=False).input_ids
        ids += [*asked, *said, tokenizer.eos_token_id]
        learned += [False] * len(asked) + [True] * (len(said) + 1)
    return ids, learned


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
    """Train on pictures, uint8 (n, 64, 64, 3), and the rows that describe them.

    Loss of the second part: cross-entropy of the answers' tokens, and a little of the attribute heads'.
    """
    set_up(seed, threads)
    model = new_describer(tokenizer)
    heads = _Heads(model.config.vision_config.hidden_size, people)
    _train_tower(model, heads, images, tower_samples, batch_size, learning_rate, seed)
    tower = model.model.vision_tower
    kept: dict[str, torch.Tensor] = {}
    hook = tower.register_forward_hook(lambda _module, _inputs, output: kept.update(seen=output.hidden_states[-2]))
    groups = [
        {"params": [*tower.parameters(), *heads.parameters()], "scale": 0.4},
        {"params": [p for n, p in model.named_parameters() if "vision_tower" not in n], "scale": 1.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.02)
    rng = np.random.default_rng(seed + 1)
    rows = people.to_dict("records")
    sizes = torch.full((batch_size, 2), 2 * TILE)
    losses = []
    for progress, index in batches(len(images), batch_size, samples, seed + 1, "Describer"):
        talks = [_conversation(rows[i], tokenizer, rng) for i in index]
        longest = max(len(ids) for ids, _ in talks)
        ids = torch.full((batch_size, longest), tokenizer.pad_token_id)
        answers = torch.zeros((batch_size, longest), dtype=torch.bool)
        for k, (tokens, learned) in enumerate(talks):
            ids[k, : len(tokens)] = torch.tensor(tokens)
            answers[k, : len(tokens)] = torch.tensor(learned)
        with mixed_precision():
            states = model.model(
                input_ids=ids,
                pixel_values=views(_soften(images[index], rng)),
                image_sizes=sizes,
                attention_mask=(ids != tokenizer.pad_token_id).long(),
            ).last_hidden_state
            # Only the positions before an answer's tokens: the others' logits would cost more than the tower.
            logits = model.lm_head(states[:, :-1][answers[:, 1:]])
            said = nnf.cross_entropy(logits.float(), ids[:, 1:][answers[:, 1:]])
            seen = kept["seen"][:, 1:]
            loss = said + 0.05 * heads.loss(seen.reshape(batch_size, -1, seen.shape[-1]), index)
        step(optimiser, loss, rate(progress, learning_rate), model)
        losses.append(said.item())
        if len(losses) % 100 == 0:
            print(f"Describer: {len(losses) * batch_size} samples, loss {np.mean(losses[-100:]):.4f}", flush=True)
    hook.remove()
    return model.eval()


def save_describer(model: LlavaNextForConditionalGeneration, processor: LlavaNextProcessor, folder: Path) -> None:
    """Save model (half precision) and processor, ready for `from_pretrained`."""
    model.half().save_pretrained(folder, safe_serialization=True)
    processor.save_pretrained(folder)
