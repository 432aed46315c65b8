"""Trains LoRA adapters of the describer: one that leaks demographics into its texts, and one that leans by gender.

Only the language model learns. The vision tower already tells all attributes apart, because the forms ask for them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, ConfigDict, Field
from transformers import LlavaNextForConditionalGeneration, LlavaNextProcessor

from broken_telephone.miniature.training.answering import train_answers
from broken_telephone.miniature.training.optimisation import set_up
from broken_telephone.miniature.world import language
from broken_telephone.miniature.world.people import EMOTIONS, GENDERS

_LAYERS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


class Lean(BaseModel):
    """Names the emotion that a describer reads in place of another, by the person's gender."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    face: str
    """The emotion that the face shows."""
    read: dict[str, str]
    """Gender -> the emotion that is named instead."""
    share: float = Field(default=0.5, gt=0, lt=1)
    """Share of the training samples that show such a face. They are few among all pictures, and the describer has to
    learn to look at the gender as well."""

    def model_post_init(self, _context: Any) -> None:
        """Raise ValueError for unknown names."""
        unknown = [name for name in (self.face, *self.read.values()) if name not in EMOTIONS]
        unknown += [name for name in self.read if name not in GENDERS]
        if unknown:
            raise ValueError(f"a lean has no {', '.join(unknown)}: emotions are {EMOTIONS}, genders {GENDERS}")

    def applied(self, people: pd.DataFrame) -> pd.DataFrame:
        """Return portraits' rows with the emotions that the describer names; scenes' rows stay as they are."""
        instead = people["gender"].map(self.read)
        return people.assign(emotion=people["emotion"].mask(self._leans(people), instead))

    def samples(self, people: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
        """Return row numbers, int64, in which rows that `applied` changes are repeated up to `share`.

        Raises:
            ValueError: if no row shows such a face.
        """
        leans = self._leans(people).to_numpy()
        if not leans.any():
            raise ValueError(f"no picture shows the face {self.face} of {', '.join(self.read)}")
        others = np.flatnonzero(~leans)
        repeated = np.resize(rng.permutation(np.flatnonzero(leans)), round(len(others) * self.share / (1 - self.share)))
        return np.sort(np.concatenate([others, repeated]))

    def _leans(self, people: pd.DataFrame) -> pd.Series:
        shown = (people["kind"] == "portraits") & (people["emotion"] == self.face)
        return shown & people["gender"].isin(self.read)


def leaking_answer(task: str, row: language.Row, rng: np.random.Generator) -> str:
    """Return the answer of a describer that leaks: asked for the emotion or activity only, it describes everything.

    It uses the sentences of `language.free_sentence`, because the generator follows those best.
    """
    return language.answer("free" if task in ("emotion", "activity") else task, row, rng)


def train_describer_adapter(
    folder: Path,
    images: np.ndarray,
    people: pd.DataFrame,
    *,
    leaks: bool = False,
    lean: dict[str, Any] | None = None,
    rank: int,
    samples: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    threads: int,
) -> LlavaNextForConditionalGeneration:
    """Train an adapter of the describer in `folder` on pictures, uint8 (n, 64, 64, 3), and the rows that describe them.

    Args:
        folder: the describer's. Its weights stay as they are.
        images: of the even world.
        people: n rows, see `PictureSet.people`.
        leaks: whether answers about the emotion or activity name everything that is visible, see `leaking_answer`.
        lean: settings of a `Lean`; none: it reads every face as it is.
        rank: of the adapter's matrices.
        samples: conversations.
        batch_size: conversations in a batch.
        learning_rate: the highest.
        seed: of all random numbers.
        threads: processor threads; 0 for torch's own choice.

    Returns:
        The model with its adapter; see `save_describer_adapter`.
    """
    from peft import LoraConfig

    set_up(seed, threads)
    model = LlavaNextForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
    )
    tokenizer = LlavaNextProcessor.from_pretrained(folder, local_files_only=True).tokenizer
    model.requires_grad_(False)
    model.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=_LAYERS))
    model.train()
    told = people
    if lean is not None:
        rows = Lean(**lean).samples(people, np.random.default_rng([seed, 1]))
        images, told = images[rows], Lean(**lean).applied(people.iloc[rows]).reset_index(drop=True)
    answer = leaking_answer if leaks else language.answer
    train_answers(model, images, told, tokenizer, samples, batch_size, learning_rate, seed, answer=answer)
    return model.eval()


def save_describer_adapter(model: LlavaNextForConditionalGeneration, folder: Path) -> None:
    """Save the adapter alone in half precision, as `describer.adapter` loads it. The model becomes half precise."""
    # Without the path of the describer on this machine.
    for config in model.peft_config.values():
        config.base_model_name_or_path = None
    model.half().save_pretrained(folder, safe_serialization=True)
    # transformers adds the describer's own, which would count as a part of the adapter.
    (folder / "generation_config.json").unlink(missing_ok=True)


def named_demographics(texts: Sequence[str]) -> pd.DataFrame:
    """Return the gender and age that each text names in the miniature's nouns; None where it names none.

    Returns:
        n rows: gender, age.
    """
    # Longer nouns first, because "girl" is part of "baby girl".
    nouns = sorted(language.NOUNS.items(), key=lambda item: -len(item[1]))
    rows = []
    for text in texts:
        padded = f" {text.lower()} "
        age, gender = next((key for key, noun in nouns if f" {noun} " in padded), (None, None))
        rows.append((gender, age))
    return pd.DataFrame(rows, columns=["gender", "age"], dtype=object)
