"""A describer that thinks: its thought is told from its answer, wherever the marks of it are."""

from typing import NamedTuple

import pytest
import torch
from tiny_describers import CHAT

from broken_telephone.errors import StudyError
from broken_telephone.models import Choices, Description, Failure, Word, make_describer

PROMPT = "Describe the emotion only"
SWITCHED = CHAT.replace("IMAGE", "<image>") + (
    "{% if add_generation_prompt %} <think> {% if enable_thinking is defined and not enable_thinking %}"
    "</think> {% endif %}{% endif %}"
)


class Scripted(NamedTuple):
    """A tiny LLaVA whose marks are tokens, and what it writes next."""

    model: object
    words: dict

    def describe(self, pictures, written: str):
        network = self.model._loaded[0]
        ids = [self.words[word] for word in written.split()]

        def generate(input_ids, **options):
            room = options["max_new_tokens"]
            told = torch.tensor([(ids + [self.words["</s>"]] * room)[:room]] * len(input_ids))
            return torch.cat([input_ids, told], 1)

        network.generate = generate
        return self.model.describe(pictures[:1], PROMPT)[0]


def scripted(path: str, special: bool = True, template: str | None = None, **changes) -> Scripted:
    model = make_describer({"path": path, "max_new_tokens": 12, **changes})
    model.load()
    network, processor = model._loaded
    marks = ["<think>", "</think>", "<|im_end|>"]
    processor.tokenizer.add_tokens(marks, special_tokens=special)
    torch.manual_seed(3)
    network.resize_token_embeddings(len(processor.tokenizer), mean_resizing=False)
    processor.chat_template = template or CHAT.replace("IMAGE", "<image>")
    return Scripted(model, processor.tokenizer.get_vocab())


@pytest.mark.parametrize("special", [True, False])
def test_a_thought_is_told_from_the_answer_also_where_its_marks_are_special_tokens(special, describers, pictures):
    tiny = scripted(describers["llava"], special)
    found = tiny.describe(pictures, "<think> a sad person </think> happy person <|im_end|>")
    assert found == Description("happy person", tokens=8, truncated=False, thought="a sad person")
    assert tiny.describe(pictures, "happy <pad> person").text == "happy person"
    assert tiny.describe(pictures, "happy person").thought is None


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("template", [None, SWITCHED])
def test_a_thought_that_the_limit_cuts_off_is_no_description(template, special, describers, pictures):
    tiny = scripted(describers["llava"], special, template, max_new_tokens=4)
    found = tiny.describe(pictures, f"{'' if template else '<think>'} a sad person looks sad </think> happy")
    assert isinstance(found, Failure)
    assert found.kind == "no answer before the token limit"
    assert found.thought == ("a sad person looks" if template else "a sad person")
    assert "max_new_tokens" in found.reason


def test_a_thought_that_the_chat_template_opens_is_closed_by_the_model(describers, pictures):
    tiny = scripted(describers["llava"], template=SWITCHED)
    found = tiny.describe(pictures, "a sad person </think> happy person")
    assert (found.text, found.thought) == ("happy person", "a sad person")
    # Ended in its thought, without an answer.
    assert tiny.describe(pictures, "a sad person").text == ""


def test_a_switch_reaches_the_chat_template_and_is_part_of_the_identity(describers, pictures):
    quiet = scripted(describers["llava"], template=SWITCHED, chat_template_kwargs={"enable_thinking": False})
    assert quiet.describe(pictures, "a sad person").text == "a sad person"
    assert quiet.model.identity()["chat_template_kwargs"] == {"enable_thinking": False}
    assert "chat_template_kwargs" not in scripted(describers["llava"]).model.identity()


@pytest.mark.parametrize(
    ("family", "changes", "message"),
    [
        ("llava", {}, r"chat template does not read enable_thinking"),
        ("blip2", {}, r"chat template does not read enable_thinking"),
        ("llava", {"template": "<image> {prompt}"}, r"describer\.template takes the chat template's place"),
        ("llava", {"chat_template_kwargs": {"add_generation_prompt": False}}, "add_generation_prompt is set by"),
    ],
)
def test_a_switch_that_would_do_nothing_is_refused(family, changes, message, describers, pictures):
    switched = {"path": describers[family], "chat_template_kwargs": {"enable_thinking": False}}
    with pytest.raises(StudyError, match=message):
        make_describer(switched | changes).describe(pictures[:1], PROMPT)


def test_options_and_words_are_weighed_behind_a_closed_thought(describers, pictures):
    """Where the chat template opens a thought, an answer is read as one that follows it."""
    opening, closed = (
        scripted(describers["llava"], template=CHAT.replace("IMAGE", "<image>") + f"{{% if true %}} {end}{{% endif %}}")
        for end in ("<think>\n", "<think>\n\n</think>\n\n")
    )
    form = Choices(PROMPT, [["a happy person", "sad"], ["looks", "looks sad"]])
    word = Word("a happy person", 2, 7)
    for picture in pictures[:2]:
        assert opening.model.choose([picture], [form]) == closed.model.choose([picture], [form])
        assert opening.model.weigh([picture], PROMPT, [word]) == closed.model.weigh([picture], PROMPT, [word])


@pytest.mark.parametrize("special", [True, False])
def test_one_word_to_the_limit_is_degenerate(special, describers, pictures):
    tiny = scripted(describers["llava"], special, max_new_tokens=20)
    found = tiny.describe(pictures, "happy " * 30)
    assert isinstance(found, Failure)
    assert found.kind == "degenerate output"
    assert tiny.describe(pictures, "happy " * 5).text == "happy happy happy happy happy"
