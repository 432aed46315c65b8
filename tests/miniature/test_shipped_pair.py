"""The shipped generator and describer, through the adapters that studies use."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from broken_telephone.miniature.checks.readings import score_describer
from broken_telephone.miniature.training.describer import new_processor, views
from broken_telephone.miniature.training.judge import load_judge
from broken_telephone.miniature.training.tokenizers import train_chat_tokenizer
from broken_telephone.miniature.world.associations import draw_labels
from broken_telephone.miniature.world.language import PROMPTS
from broken_telephone.miniature.world.people import ACTIVITIES, EMOTIONS
from broken_telephone.models import DescriberSettings, GeneratorSettings
from broken_telephone.models.describers.transformers_describer import TransformersDescriber
from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator


def test_training_sees_pictures_and_prompts_as_the_processor_makes_them(portraits):
    tokenizer = train_chat_tokenizer()
    processor = new_processor(tokenizer)
    content = [{"type": "image"}, {"type": "text", "text": PROMPTS["emotion"][0]}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    images = portraits.images[:5]
    made = processor(images=[Image.fromarray(i) for i in images], text=[text] * 5, return_tensors="pt")
    # The processor rounds the small view to bytes between its two passes: one level of 255 and, at hard edges, up
    # to three. The four tiles are the same.
    levels = (views(images) - made.pixel_values).abs() * 127.5
    assert levels[:, 1:].max() < 1e-3
    assert levels[:, 0].max() < 4
    assert levels[:, 0].mean() < 0.2
    assert torch.allclose(views(images)[:, 1:], made.pixel_values[:, 1:], atol=1e-5)
    question = f"USER: {'<image>' * 88}\n{PROMPTS['emotion'][0]} ASSISTANT:"
    assert made.input_ids[0].tolist() == tokenizer(question).input_ids


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_describer_reads_rendered_people(kind, request, models):
    describer = TransformersDescriber(DescriberSettings(path=str(models / "describer"), max_new_tokens=60))
    scores = score_describer(describer, request.getfixturevalue(kind)).query("group == 'all'").set_index("figure")
    label = {"portraits": "emotion", "scenes": "activity"}[kind]
    assert scores.loc[f"{label} accuracy", "value"] > 0.9
    assert scores.loc["skin_tone accuracy, phase form", "value"] > 0.9
    assert scores.loc["ethnicity accuracy, raf form", "value"] > 0.95
    for form in ("raf form", "phase form"):
        assert scores.loc[f"gender accuracy, {form}", "value"] > 0.85
        assert scores.loc[f"age accuracy, {form}", "value"] > 0.75
        assert scores.loc[f"invalid answers, {form}", "value"] < 0.01


def test_the_generator_draws_what_is_asked(models):
    settings = GeneratorSettings(
        path=str(models / "generator"),
        steps=12,
        guidance=3.0,
        width=64,
        height=64,
        load={"text_encoder_3": None, "tokenizer_3": None},
        call={"max_sequence_length": 0},
    )
    drawn = draw_labels(DiffusersGenerator(settings), load_judge(models / "judge"), EMOTIONS + ACTIVITIES, 4, seed=7)
    asked = np.where(drawn["label"].isin(EMOTIONS), drawn["emotion"], drawn["activity"]) == drawn["label"]
    assert pd.Series(asked).mean() > 0.85


def test_nothing_shipped_names_a_place_on_a_machine(models):
    files = list(models.rglob("*.json"))
    assert files
    for file in files:
        assert not re.search(r'"(/|[A-Za-z]:)[\w\\/]', file.read_text()), file
