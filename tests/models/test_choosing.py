"""Choosing among options, against writing each answer after the whole prompt, for every family."""

import math

import pytest
import torch
from tiny_describers import FAMILIES

from broken_telephone.models import Choices, make_describer
from broken_telephone.models.describers.closed_form import Prefix, continuation, shared_tokens

PROMPT = "Describe the emotion only"
TEMPLATES = {"paligemma": "<image>{prompt}"}
# Options that share their first tokens, that begin another one, and of different length; then some that do not.
LINES = [
    ["a happy", "a happy person", "sad"],
    ["the person looks happy", "the person looks sad", "the emotion"],
    ["looks", "looks sad", "the person looks happy", "only"],
]
ALL = ["llava_next", *FAMILIES]


@pytest.fixture
def model(request, describers, model_folders):
    family = request.param
    path = str(model_folders / "describer") if family == "llava_next" else describers[family]
    return make_describer({"path": path, "max_new_tokens": 6, "template": TEMPLATES.get(family)})


def choose(model, pictures, lines) -> list[list[list[float]]]:
    return [forms[0] for forms in model.choose(pictures, [Choices(PROMPT, lines)])]


def ids(model, text: str) -> list[int]:
    return list(model._loaded[1].tokenizer(text, add_special_tokens=False).input_ids)


def direct(model, picture, answer: list[int]) -> list[float]:
    """Logarithms of the likelihoods of an answer's tokens: everything through the model at once, nothing remembered."""
    network = model._loaded[0]
    inputs = dict(model._inputs([picture], PROMPT))
    more = torch.tensor([answer])
    if network.config.get_text_config().is_encoder_decoder:
        start = network.config.text_config.decoder_start_token_id
        logits = network(**inputs, decoder_input_ids=torch.cat([torch.tensor([[start]]), more[:, :-1]], 1)).logits
    else:
        length = inputs["input_ids"].shape[1]
        for name in ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids"):
            if name in inputs:
                filled = {"input_ids": more, "attention_mask": torch.ones_like(more)}.get(name, torch.zeros_like(more))
                inputs[name] = torch.cat([inputs[name], filled], 1)
        logits = network(**inputs).logits[:, -len(answer) - 1 : -1]
        assert inputs["input_ids"].shape[1] == length + len(answer)
    return logits.log_softmax(-1)[0].gather(1, more[0][:, None])[:, 0].tolist()


@pytest.mark.parametrize("model", [family for family in ALL if family != "paligemma"], indirect=True)
@torch.inference_mode()
def test_likelihoods_are_those_of_the_whole_text(model, pictures):
    found = choose(model, pictures, LINES)
    end = model._loaded[1].tokenizer.eos_token_id
    for picture, lines in zip(pictures, found, strict=True):
        so_far = ""
        for options, values, closing in zip(LINES, lines, ([], [], [end]), strict=True):
            for option, value in zip(options, values, strict=True):
                answer = [*ids(model, f"{so_far} {option}"), *closing]
                assert value == pytest.approx(sum(direct(model, picture, answer)[len(ids(model, so_far)) :]), abs=1e-4)
            so_far = f"{so_far} {options[values.index(max(values))]}".strip()


@pytest.mark.parametrize("model", ALL, indirect=True)
def test_likelihoods_belong_to_their_pictures_not_to_the_batch(model, pictures):
    together = choose(model, pictures, LINES)
    for picture, lines in zip(pictures, together, strict=True):
        alone = choose(model, [picture], LINES)[0]
        assert [len(line) for line in lines] == [3, 3, 4]
        for a, b in zip(lines, alone, strict=True):
            assert a == pytest.approx(b, abs=1e-4)
    # A second question changes nothing: the memory of the picture is not used up.
    assert choose(model, pictures, LINES) == together


@pytest.mark.parametrize("model", ["llava_next", "llava", "paligemma", "blip2"], indirect=True)
def test_answers_of_one_length_are_a_distribution(model, pictures):
    """With every word of the vocabulary as an option, the likelihoods of the first word sum to one."""
    model.load()
    tokenizer = model._loaded[1].tokenizer
    words = [[token] for token in range(len(tokenizer))]
    with torch.inference_mode():
        prefix = Prefix(model._loaded[0], model._inputs(pictures[:1], PROMPT))
        likelihoods = prefix.log_likelihoods([words])[0]
    total = sum(math.exp(value) for (value,) in likelihoods)
    # The vocabulary of the network may be larger than that of its tokenizer.
    assert total <= 1 + 1e-4
    assert total > 0.5


@pytest.mark.parametrize("model", ["llava_next", "llava", "idefics3", "blip2"], indirect=True)
@torch.inference_mode()
def test_an_option_that_begins_another_counts_with_its_end(model, pictures):
    model.load()
    options = ["a", "a happy", "a happy person"]
    (line,) = choose(model, pictures[:1], [options])[0]
    end = model._loaded[1].tokenizer.eos_token_id
    for option, value in zip(options, line, strict=True):
        assert value == pytest.approx(sum(direct(model, pictures[0], [*ids(model, option), end])), abs=1e-4)
    (line,) = choose(model, pictures[:1], [["a happy", "sad"]])[0]
    assert line[1] == pytest.approx(sum(direct(model, pictures[0], ids(model, "sad"))), abs=1e-4)


@pytest.mark.parametrize("model", ALL, indirect=True)
def test_pictures_whose_answers_share_different_numbers_of_tokens_do_not_meet(model, pictures):
    model.load()
    same = [pictures[0], pictures[1], pictures[3]]
    answers = [
        [ids(model, "a person looks happy"), ids(model, "a person looks sad")],
        [ids(model, "sad"), ids(model, "happy person")],
        [ids(model, "the emotion only"), ids(model, "the person")],
    ]
    with torch.inference_mode():
        inputs = model._inputs(same, PROMPT)
        together = Prefix(model._loaded[0], inputs).log_likelihoods(answers)
        for place, picture in enumerate(same):
            alone = Prefix(model._loaded[0], model._inputs([picture], PROMPT)).log_likelihoods([answers[place]])[0]
            assert len(alone) == 2
            for a, b in zip(together[place], alone, strict=True):
                assert a == pytest.approx(b, abs=1e-4)


def test_a_continuation_is_told_as_it_follows_the_prompt(describers):
    tokenizer = make_describer({"path": describers["llava"], "max_new_tokens": 6})
    tokenizer.load()
    words = tokenizer._loaded[1].tokenizer
    assert (
        continuation(words, "Describe the", " emotion only")
        == words("emotion only", add_special_tokens=False).input_ids
    )
    assert continuation(words, None, "sad") == words("sad", add_special_tokens=False).input_ids


@pytest.mark.parametrize("model", ALL, indirect=True)
def test_forms_that_share_the_picture_are_filled_in_as_each_by_itself(model, pictures):
    forms = [
        Choices(PROMPT, LINES),
        Choices("Describe the person", [["happy", "sad"]]),
        Choices("only the emotion", [["a person", "the person looks"]]),
    ]
    together = model.choose(pictures, forms)
    for place, form in enumerate(forms):
        for picture, alone in zip(together, model.choose(pictures, [form]), strict=True):
            assert [len(line) for line in alone[0]] == [len(line) for line in form.lines]
            for a, b in zip(picture[place], alone[0], strict=True):
                assert a == pytest.approx(b, abs=1e-4)


def test_prompts_share_what_holds_all_of_the_picture():
    assert shared_tokens([[1, 9, 9, 2, 3], [1, 9, 9, 2, 4, 5]], 9) == 4
    assert shared_tokens([[1, 2, 9, 9, 3], [1, 4, 9, 9, 3]], 9) == 0
    assert shared_tokens([[1, 9, 2], [1, 9, 3]], None) == 0
    # Something must be left to go on from.
    assert shared_tokens([[1, 9, 2]], 9) == 2
