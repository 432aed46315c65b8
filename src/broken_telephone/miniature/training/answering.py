"""Trains a describer on conversations about pictures, in the words of `language`.

`describer` does it with a new model, `shortcut` and `describer_adapter` with one that can already answer.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as nnf
from transformers import LlavaNextForConditionalGeneration, PreTrainedTokenizerFast

from broken_telephone.miniature.training.attribute_heads import AttributeHeads
from broken_telephone.miniature.training.optimisation import batches, mixed_precision, rate, step
from broken_telephone.miniature.world import language

Answer = Callable[[str, language.Row, np.random.Generator], str]
"""Writes the answer to a task about a picture, as `language.answer` does."""

TILE = 32
PICTURE_TOKENS = 88  # 16 of the small view, 8 x 8 of the four tiles, 8 line ends


def views(images: np.ndarray) -> torch.Tensor:
    """Process all pictures at once: uint8 (n, 64, 64, 3) to float32 (n, 5, 3, 32, 32)."""
    whole = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2)
    small = nnf.interpolate(whole.float(), size=(TILE, TILE), mode="bicubic", antialias=True).round().clamp(0, 255)
    tiles = [whole[:, :, y : y + TILE, x : x + TILE].float() for y in (0, TILE) for x in (0, TILE)]
    return torch.stack([small, *tiles], 1) / 127.5 - 1


def soften(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Soften and add noise to some rendered pictures, as drawn pictures are softer and noisier."""
    noisy = images.astype(np.float32) + rng.normal(0, 1, images.shape) * rng.uniform(0, 8, (len(images), 1, 1, 1))
    shift = rng.uniform(-8, 8, (len(images), 1, 1, 3))
    return np.clip(noisy + shift, 0, 255).astype(np.uint8)


def _tasks(row: language.Row, rng: np.random.Generator) -> tuple[str, ...]:
    """Choose the tasks for a picture: everything, or a form and a task without a form, in either order."""
    concept = "activity" if row["kind"] == "scenes" else "emotion"
    if rng.random() < 0.3:
        return ("free",)
    form = ("raf form", "phase form")[rng.integers(2)]
    question = concept if rng.random() < 0.75 else f"{concept} name"
    return (question, form) if rng.random() < 0.5 else (form, question)


def _conversation(
    row: language.Row, tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator, answer: Answer
) -> tuple[list[int], list[bool]]:
    """Return the token ids of a conversation, and which of them belong to answers."""
    ids: list[int] = []
    learned: list[bool] = []
    for number, task in enumerate(_tasks(row, rng)):
        prompts = language.PROMPTS[task]
        picture = "<image>" * PICTURE_TOKENS + "\n" if number == 0 else ""
        question = f"USER: {picture}{prompts[rng.integers(len(prompts))]} ASSISTANT:"
        question_ids = tokenizer(question, add_special_tokens=number == 0).input_ids
        answer_ids = tokenizer(" " + answer(task, row, rng), add_special_tokens=False).input_ids
        ids += [*question_ids, *answer_ids, tokenizer.eos_token_id]
        learned += [False] * len(question_ids) + [True] * (len(answer_ids) + 1)
    return ids, learned


def train_answers(
    model: LlavaNextForConditionalGeneration,
    images: np.ndarray,
    people: pd.DataFrame,
    tokenizer: PreTrainedTokenizerFast,
    samples: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    heads: AttributeHeads | None = None,
    answer: Answer = language.answer,
) -> None:
    """Train a model on pictures, uint8 (n, 64, 64, 3), and the rows that describe them.

    Loss: cross-entropy of the answers' tokens, and a little of the attribute heads', where there are some. Frozen
    parameters stay as they are.
    """
    tower = model.model.vision_tower
    kept: dict[str, torch.Tensor] = {}
    hook = tower.register_forward_hook(
        lambda _module, _inputs, output: kept.update(tower_tokens=output.hidden_states[-2])
    )
    seeing = [*tower.parameters(), *(heads.parameters() if heads is not None else ())]
    answering = [p for n, p in model.named_parameters() if "vision_tower" not in n]
    groups = [
        {"params": [p for p in seeing if p.requires_grad], "scale": 0.4},
        {"params": [p for p in answering if p.requires_grad], "scale": 1.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.02)
    rng = np.random.default_rng(seed)
    rows = people.to_dict("records")
    sizes = torch.full((batch_size, 2), 2 * TILE)
    losses = []
    for progress, index in batches(len(images), batch_size, samples, seed, "Describer"):
        talks = [_conversation(rows[i], tokenizer, rng, answer) for i in index]
        longest = max(len(ids) for ids, _ in talks)
        ids = torch.full((batch_size, longest), tokenizer.pad_token_id)
        answers = torch.zeros((batch_size, longest), dtype=torch.bool)
        for k, (tokens, learned) in enumerate(talks):
            ids[k, : len(tokens)] = torch.tensor(tokens)
            answers[k, : len(tokens)] = torch.tensor(learned)
        with mixed_precision():
            states = model.model(
                input_ids=ids,
                pixel_values=views(soften(images[index], rng)),
                image_sizes=sizes,
                attention_mask=(ids != tokenizer.pad_token_id).long(),
            ).last_hidden_state
            # Only the positions before an answer's tokens: the others' logits would cost more than the tower.
            logits = model.lm_head(states[:, :-1][answers[:, 1:]])
            answer_loss = nnf.cross_entropy(logits.float(), ids[:, 1:][answers[:, 1:]])
            loss = answer_loss
            if heads is not None:
                tower_tokens = kept["tower_tokens"][:, 1:]
                loss = answer_loss + 0.05 * heads.loss(
                    tower_tokens.reshape(batch_size, -1, tower_tokens.shape[-1]), index
                )
        step(optimiser, loss, rate(progress, learning_rate), model)
        losses.append(answer_loss.item())
        if len(losses) % 100 == 0:
            print(f"Describer: {len(losses) * batch_size} samples, loss {np.mean(losses[-100:]):.4f}", flush=True)
    hook.remove()
