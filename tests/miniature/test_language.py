"""What the miniature says can be read back, and its tokenizers know every word of it."""

import re

import numpy as np
import pytest

from broken_telephone.miniature.checks.readings import named, read_form
from broken_telephone.miniature.world import language
from broken_telephone.miniature.world.people import World
from broken_telephone.miniature.world.pictures import render_set


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    sets = [render_set(kind, World(), 63, seed=5, workers=1) for kind in ("portraits", "scenes")]
    return [row for pictures in sets for row in pictures.people.to_dict("records")]


@pytest.mark.parametrize(
    ("form", "attributes"),
    [("raf form", ("ethnicity", "gender", "age")), ("phase form", ("skin_tone", "gender", "age"))],
)
def test_a_filled_in_form_reads_as_the_person(rows, form, attributes):
    rng = np.random.default_rng(0)
    for row in rows:
        assert read_form(language.answer(form, row, rng), form) == {name: row[name] for name in attributes}


def test_an_answer_outside_the_options_is_none():
    assert read_form("1. Asian\n2. woman\n3. 20-39", "raf form") == {
        "ethnicity": "Asian",
        "gender": None,
        "age": "young",
    }
    assert read_form("I cannot tell.", "phase form") == {"skin_tone": None, "gender": None, "age": None}


def test_descriptions_name_their_label_and_nothing_else(rows):
    rng = np.random.default_rng(0)
    for row in rows:
        concept = "emotion" if row["kind"] == "portraits" else "activity"
        assert named(language.answer(concept, row, rng), concept) == row[concept]
        words = re.findall("[a-z]+", language.answer(concept, row, rng).lower())
        assert not {"man", "woman", "boy", "girl", "young", "old", "skin", "he", "she"} & set(words)
    assert named("The person looks happy, or is it sad?", "emotion") is None


def test_tokenizers_know_every_word_and_encode_any_other():
    from broken_telephone.miniature.training.tokenizers import train_chat_tokenizer, train_clip_tokenizer

    clip, chat = train_clip_tokenizer(32), train_chat_tokenizer()
    sentence = "A middle-aged woman with dark skin, a grey bob and purple clothes is doing personal care in a bath."
    assert all(piece.endswith("</w>") for piece in clip.tokenize(sentence))
    assert clip.unk_token_id not in clip("zebra café 漢", add_special_tokens=False).input_ids
    for text in (sentence, "1. Asian\n2. female\n3. 20-39", "zebra café 漢"):
        assert chat.decode(chat(text).input_ids, skip_special_tokens=True) == text
    longest = max(
        len(clip(text).input_ids) for text in language.corpus() if not text.startswith(("Fill", "Name", "1."))
    )
    assert longest <= 32
