"""Trains the embedder: a small CLIP that maps pictures and true sentences to one space.

Most sentences are true of several pictures of a batch, and what is true of a picture is known here, so the
contrastive loss counts every true pair as one (as in UniCL, Yang et al., CVPR 2022) instead of only the pair
that was drawn. Heads that read the attributes from the pictures' features help in training and are dropped.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

from broken_telephone.miniature.checks.scores import accuracies, by_group
from broken_telephone.miniature.training.augment import augment
from broken_telephone.miniature.training.fitting import Rows, Schedule, fit, to_tensor
from broken_telephone.miniature.training.optimisation import set_up
from broken_telephone.miniature.training.tokenizers import train_clip_tokenizer
from broken_telephone.miniature.world import captions
from broken_telephone.miniature.world.people import CATEGORIES
from broken_telephone.miniature.world.pictures import PictureSet
from broken_telephone.miniature.world.portrait import SIZE

LENGTH = 77
"""Tokens of a sentence at most, as CLIP's own: forms and prompts fit as well."""
_ATTRIBUTES = ("emotion", "activity", "gender", "age", "skin_tone")
_ONLY = {"emotion": "portraits", "activity": "scenes"}


def new_embedder() -> tuple[CLIPModel, CLIPProcessor]:
    """Return the untrained model and its processor."""
    tokenizer = train_clip_tokenizer(LENGTH)
    config = CLIPConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 128,
            "intermediate_size": 512,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "max_position_embeddings": LENGTH,
            "hidden_act": "gelu",
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "image_size": SIZE,
            "patch_size": 8,
            "hidden_size": 160,
            "intermediate_size": 640,
            "num_hidden_layers": 4,
            "num_attention_heads": 5,
            "hidden_act": "gelu",
        },
        projection_dim=128,
    )
    side = {"height": SIZE, "width": SIZE}
    images = CLIPImageProcessor(size=side, crop_size=side, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    return CLIPModel(config), CLIPProcessor(images, tokenizer)


def train_embedder(portraits: PictureSet, scenes: PictureSet, schedule: Schedule) -> tuple[CLIPModel, CLIPProcessor]:
    """Train an embedder on rendered pictures and their sentences, half of every batch of each kind."""
    set_up(schedule.seed, schedule.threads)
    generator, rng = torch.Generator().manual_seed(schedule.seed), np.random.default_rng(schedule.seed)
    model, processor = new_embedder()
    # torch's fused attention takes five times as long backwards in bfloat16 on a CPU.
    model.set_attn_implementation("eager")
    sets = {"portraits": portraits, "scenes": scenes}
    truth = {kind: captions.codes(pictures.people) for kind, pictures in sets.items()}
    rows_of = {kind: pictures.people.to_dict("records") for kind, pictures in sets.items()}
    columns = {name: captions.SAID.index(name) for name in captions.SAID}
    counts = {name: len(captions.values(name)) for name in captions.SAID}
    width = model.config.vision_config.hidden_size
    heads = nn.ModuleDict({name: nn.Linear(width, count) for name, count in counts.items()})
    whole = nn.ModuleDict({"clip": model, "heads": heads})

    def loss(rows: Rows) -> torch.Tensor:
        images = torch.cat([to_tensor(sets[kind].images[rows[kind]]) for kind in sets])
        true = np.concatenate([truth[kind][rows[kind]] for kind in sets])
        people = [rows_of[kind][row] for kind in sets for row in rows[kind]]
        features = model.vision_model(pixel_values=augment(images, generator) * 2 - 1).pooler_output
        picture_vectors = functional.normalize(model.visual_projection(features).float(), dim=1)
        texts = [captions.full(row) for row in people] + [captions.partial(row, rng) for row in people]
        sentences, matches, groups = _matches(texts, np.concatenate([true, true]), true)
        text_vectors = _embed_texts(model, processor.tokenizer, sentences)
        scale = model.logit_scale.exp().clamp(max=50)
        total = contrast(scale * picture_vectors @ text_vectors.T, matches, groups)
        for name, head in heads.items():
            wanted = torch.from_numpy(true[:, columns[name]])
            # Emotions in scenes are too small to be taught to a network of this size.
            if name == "emotion":
                wanted = torch.where(torch.arange(len(wanted)) < len(rows["portraits"]), wanted, -1)
            total = total + 0.3 * functional.cross_entropy(head(features).float(), wanted, ignore_index=-1)
        return total

    fit(
        whole,
        loss,
        sets,
        schedule,
        name="embedder",
        weight_decay=0.05,
        constant=0.3,
    )
    return model, processor


def contrast(scores: torch.Tensor, matches: torch.Tensor, groups: list[np.ndarray]) -> torch.Tensor:
    """Return the contrastive loss with several true pairs per row.

    Args:
        scores: scaled cosines, (pictures, sentences).
        matches: bool, likewise: whether the sentence is true of the picture.
        groups: columns of sentences that say the same attributes. A picture chooses among those of one group
            only: of "a woman" and "an old woman" both may be true, and neither is the better answer.
    """
    # Each sentence chooses among pictures.
    texts = -(scores.log_softmax(0) * matches).sum(0) / matches.sum(0)
    # Each picture chooses among the sentences of a group.
    pictures = []
    for columns in groups:
        own, true = scores[:, columns], matches[:, columns]
        some = true.any(1)
        if len(columns) > 1 and bool(some.any()):
            chosen = -(own[some].log_softmax(1) * true[some]).sum(1) / true[some].sum(1)
            pictures.append(chosen)
    return texts.mean() + torch.cat(pictures).mean()


def _matches(
    texts: list[tuple[str, tuple[str, ...]]], own: np.ndarray, true: np.ndarray
) -> tuple[list[str], torch.Tensor, list[np.ndarray]]:
    """Return each sentence once, the pictures for which it is true, and its columns by content.

    Args:
        texts: sentences and what they say, one for each row of `own`.
        own: codes of the picture that each sentence was made for.
        true: codes of the batch's pictures.
    """
    first = {text: number for number, (text, _) in reversed(list(enumerate(texts)))}
    sentences = list(first)
    matches = np.empty((len(true), len(sentences)), bool)
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for column, (_, number) in enumerate(first.items()):
        names = texts[number][1]
        which = [captions.SAID.index(name) for name in names]
        matches[:, column] = (true[:, which] == own[number, which]).all(1)
        groups[names].append(column)
    return sentences, torch.from_numpy(matches), [np.array(columns) for columns in groups.values()]


def _embed_texts(model: CLIPModel, tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    tokens = tokenizer(texts, padding=True, return_tensors="pt")
    features = model.text_model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).pooler_output
    return functional.normalize(model.text_projection(features).float(), dim=1)


@torch.inference_mode()
def embed_pictures(model: CLIPModel, images: np.ndarray) -> np.ndarray:
    """Return unit vectors, float32 (n, 128), of pictures, uint8 (n, 64, 64, 3)."""
    parts = []
    for start in range(0, len(images), 256):
        features = model.vision_model(pixel_values=to_tensor(images[start : start + 256]) * 2 - 1).pooler_output
        parts.append(functional.normalize(model.visual_projection(features).float(), dim=1).numpy())
    return np.concatenate(parts)


@torch.inference_mode()
def embed_texts(model: CLIPModel, processor: CLIPProcessor, texts: list[str]) -> np.ndarray:
    """Return unit vectors, float32 (n, 128), of sentences."""
    parts = [_embed_texts(model, processor.tokenizer, texts[k : k + 256]) for k in range(0, len(texts), 256)]
    return torch.cat(parts).numpy()


def save_embedder(model: CLIPModel, processor: CLIPProcessor, folder: Path) -> None:
    """Save model (half precision) and processor in the format of transformers."""
    half = CLIPModel(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    processor.save_pretrained(folder)


def load_embedder(folder: Path) -> tuple[CLIPModel, CLIPProcessor]:
    """Load an embedder that `save_embedder` wrote, in full precision."""
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, local_files_only=True)
    return model.eval(), CLIPProcessor.from_pretrained(folder, local_files_only=True)


def score_embedder(model: CLIPModel, processor: CLIPProcessor, pictures: PictureSet) -> pd.DataFrame:
    """Return the quality on one kind of picture; see `scores.by_group`.

    Figures: "<attribute> zero-shot accuracy", from short sentences; "text retrieval" and "picture retrieval",
    shares of pictures (sentences) of which the nearest of 500 sentences (pictures) is true.
    """
    people = pictures.people
    kind = str(people["kind"].iloc[0])
    picture_vectors = embed_pictures(model, pictures.images)
    predicted = {}
    for name in _ATTRIBUTES:
        if _ONLY.get(name, kind) != kind:
            continue
        categories = CATEGORIES[name]
        text_vectors = np.mean(
            [
                embed_texts(model, processor, [captions.short(name, c, template) for c in categories])
                for template in range(len(captions.TEMPLATES[name]))
            ],
            0,
        )
        predicted[name] = np.array(categories)[(picture_vectors @ text_vectors.T).argmax(1)]
    accuracy = accuracies("embedder", people, pd.DataFrame(predicted))
    accuracy["figure"] = accuracy["figure"].str.replace(" accuracy", " zero-shot accuracy")
    return pd.concat([accuracy, *_retrieval(model, processor, people, picture_vectors)], ignore_index=True)


def _retrieval(
    model: CLIPModel, processor: CLIPProcessor, people: pd.DataFrame, picture_vectors: np.ndarray, pool: int = 500
) -> list[pd.DataFrame]:
    true = captions.codes(people)
    texts = [captions.full(row) for row in people.to_dict("records")]
    text_vectors = embed_texts(model, processor, [text for text, _ in texts])
    hits = {"text retrieval": np.empty(len(people), bool), "picture retrieval": np.empty(len(people), bool)}
    for start in range(0, len(people), pool):
        part = slice(start, start + pool)
        scores, own = picture_vectors[part] @ text_vectors[part].T, true[part]
        nearest = {"text retrieval": scores.argmax(1), "picture retrieval": scores.argmax(0)}
        for figure, best in nearest.items():
            for row, other in enumerate(best):
                picture, sentence = (row, other) if figure == "text retrieval" else (other, row)
                which = [captions.SAID.index(name) for name in texts[start + sentence][1]]
                hits[figure][start + row] = (own[picture, which] == own[sentence, which]).all()
    return [by_group("embedder", figure, people, values) for figure, values in hits.items()]
