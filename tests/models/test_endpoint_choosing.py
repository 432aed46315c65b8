"""Closed readings by an endpoint that states log-probabilities, against enumeration and against a local model."""

import base64
import io
import math
from functools import partial
from pathlib import Path

import pytest
from PIL import Image
from stand_in_servers import ChatServer, ScoringServer, error, serving, stated, walked

from broken_telephone.annotation.tables import softmax
from broken_telephone.errors import StudyError
from broken_telephone.models import Choices, Failure, make_describer
from broken_telephone.models.describers.option_scores import Token, option_scores
from broken_telephone.models.failures import UnableError

PICTURE = Image.new("RGB", (8, 8), (3, 2, 1))
LINES = (("1. white", "1. Black", "1. east Asian", "1. south Asian"), ("2. male", "2. female", "2. unsure"))

# A language model over a few tokens: text so far -> probability of every next token.
TREE = {
    "": {"1": 0.9, "I": 0.1},
    "1": {".": 1.0},
    "1.": {" white": 0.5, " Black": 0.2, " east": 0.15, " south": 0.05, " White": 0.06, " sorry": 0.04},
    "1. white": {"\n": 1.0},
    "1. white\n": {"2": 1.0},
    "1. white\n2": {". ": 1.0},
    "1. white\n2. ": {"fe": 0.6, "male": 0.3, "un": 0.1},
    "1. white\n2. fe": {"male": 1.0},
    "1. white\n2. female": {"<end>": 1.0},
}


def test_options_have_the_probabilities_of_the_model_along_what_it_wrote():
    ethnicity, gender = option_scores(walked(TREE), 0, LINES)
    assert [math.exp(value) for value in ethnicity] == pytest.approx([0.56, 0.2, 0.15, 0.05])
    assert [math.exp(value) for value in gender] == pytest.approx([0.3, 0.6, 0.1])


def test_an_option_that_no_alternative_begins_has_the_least_likely_as_upper_limit():
    ethnicity, _ = option_scores(walked(TREE, count=2), 0, LINES)
    assert [math.exp(value) for value in ethnicity] == pytest.approx([0.5, 0.2, 0.2, 0.2])


def test_options_that_begin_alike_are_told_apart_by_the_next_token_that_was_written():
    tree = {"": {"s": 0.8, "h": 0.2}, "s": {"ad": 0.7, "urprised": 0.3}, "sad": {"!": 1.0}}
    ((sad, surprised, happy),) = option_scores(walked(tree), 0, [("sad", "surprised", "happy")])
    assert [math.exp(value) for value in (sad, surprised, happy)] == pytest.approx([0.56, 0.24, 0.2])
    # What was not written cannot be followed: it is shared.
    tree = {"": {"happy": 0.8, "s": 0.2}, "happy": {"<end>": 1.0}}
    ((sad, surprised, happy),) = option_scores(walked(tree), 0, [("sad", "surprised", "happy")])
    assert [math.exp(value) for value in (sad, surprised, happy)] == pytest.approx([0.1, 0.1, 0.8])


@pytest.mark.parametrize(
    "pieces",
    [
        ["**", "White", "**", "\n", "female"],
        ["Here is my answer:\n\n", "1. Ethnicity:", " white", "\n2. Gender: ", "Female", "\n"],
        ["1) ", "WHITE", ".\n", "2) ", "female", "."],
    ],
)
def test_marks_titles_and_case_do_not_matter(pieces):
    tokens = [Token(piece, {piece: math.log(0.7), "Black": math.log(0.2)}) for piece in pieces]
    ethnicity, gender = option_scores(tokens, 0, LINES)
    assert [round(math.exp(value), 6) for value in ethnicity[:2]] == [0.7, 0.2]
    assert math.exp(gender[1]) == pytest.approx(0.7)


@pytest.mark.parametrize("text", ["I cannot tell.", "1. white", "1. white / Black\n2. male", "1. whitewashed\n2. male"])
def test_an_answer_outside_the_form_has_no_scores(text):
    assert option_scores([Token(text, {text: 0.0})], 0, LINES) is None


GLASSES = ("4. no glasses", "4. glasses", "4. sunglasses")


def glasses(*pieces):
    """The probabilities of the options of a line, whose last token was written with probability .6."""
    tokens = [Token(piece, {piece: math.log(0.99), " x": math.log(0.01)}) for piece in pieces[:-1]]
    others = {" no": 0.2, " glasses": 0.15, " sunglasses": 0.05}
    tokens.append(Token(pieces[-1], {text: math.log(p) for text, p in others.items()} | {pieces[-1]: math.log(0.6)}))
    scores = option_scores(tokens, 0, [GLASSES], ["Glasses"])
    return None if scores is None else [round(math.exp(value), 6) for value in scores[0]]


@pytest.mark.parametrize(
    "title",
    [
        ["4. ", "Glasses", ":"],
        ["Glasses", ":"],
        ["4. ", "**", "Glasses", "**", ":"],
        ["4) Glasses (no glasses / glasses / sunglasses):"],
        ["4. ", "Glasses:", "\n"],
        ["4."],
        [],
    ],
)
def test_the_title_of_a_line_is_no_answer(title):
    assert glasses(*title, " no glasses") == [0.8, 0.15, 0.05]
    assert glasses(*title, " glasses") == [0.2, 0.6, 0.05]
    assert glasses(*title, " sunglasses") == [0.2, 0.15, 0.6]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(ScoringServer(TREE)) as server:
        yield server


FORMS = [Choices("1. Ethnicity\n2. Gender", LINES)]


def describer(server, **changes):
    return make_describer({"endpoint": server.url, "model": "some-vlm", "concurrency": 1, **changes})


@pytest.mark.parametrize("most", [20, 5])
def test_a_server_is_asked_for_as_many_alternatives_as_it_states(most, server):
    server.most = most
    model = describer(server)
    (((ethnicity, gender),),) = model.choose([PICTURE], FORMS)
    assert softmax(ethnicity)[0] == pytest.approx(0.56 / 0.96 if most == 20 else 0.5 / 0.95, abs=0.06)
    assert math.exp(gender[0]) == pytest.approx(0.3)
    assert model.resolved() == {"top_logprobs": str(most)}
    asked = len(server.requests)
    model.choose([PICTURE] * 3, FORMS)
    assert len(server.requests) == asked + 3


def test_a_server_without_alternatives_is_found_unable(server):
    server.most = None
    model = describer(server)
    for _ in range(2):
        with pytest.raises(UnableError, match="some-vlm states no probabilities"):
            model.choose([PICTURE], FORMS)
    assert len(server.requests) == 1
    # What cannot be reached is not found unable.
    server.queued = [error(500)] * 9
    with pytest.raises(StudyError, match="answered 500") as raised:
        describer(server, retries=0).choose([PICTURE], FORMS)
    assert not isinstance(raised.value, UnableError)


def test_a_server_that_rejects_the_field_is_found_unable(server):
    server.most = 0
    with pytest.raises(UnableError):
        describer(server).choose([PICTURE], FORMS)


def test_a_server_that_takes_no_picture_is_told_by_its_own_words(server):
    server.queued = [error(400, "this model takes no images")] * 3
    model = describer(server)
    with pytest.raises(StudyError, match="takes no images") as raised:
        model.choose([PICTURE], FORMS)
    assert not isinstance(raised.value, UnableError)
    assert [("logprobs" in asked) for asked in server.requests] == [True, True, False]
    # The next run asks again.
    model.choose([PICTURE], FORMS)


def test_a_picture_without_a_filled_in_form_is_a_failure_of_its_own(server):
    model = describer(server)
    model.choose([PICTURE], FORMS)
    server.form_tree = {"": {"I cannot tell": 0.6, "1": 0.4}}
    (failure,) = model.choose([PICTURE], FORMS)
    assert isinstance(failure, Failure)
    assert (failure.kind, "I cannot tell" in failure.reason) == ("answer not in the form", True)


class Served(ChatServer):
    """Serves a describer of transformers, with the alternatives of each token that it writes."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def answer(self, asked):
        import torch

        picture, prompt = asked["messages"][-1]["content"]
        image = Image.open(io.BytesIO(base64.b64decode(picture["image_url"]["url"].partition(",")[2])))
        self.model.load()
        network, processor = self.model._loaded
        with torch.inference_mode():
            inputs = self.model._inputs([image], prompt["text"])
            output = network.generate(
                **inputs, do_sample=False, max_new_tokens=40, output_logits=True, return_dict_in_generate=True
            )
        logits = torch.stack(output.logits, 1)[0].float().log_softmax(-1)
        written = output.sequences[0, -len(logits) :].tolist()
        tokenizer, tokens, text = processor.tokenizer, [], ""
        for row, token in zip(logits, written, strict=True):
            values, ids = row.topk(asked["top_logprobs"])

            new = partial(self._new, tokenizer, written[: len(tokens)], text)
            tokens.append(Token(new(token), {new(one): float(value) for one, value in zip(ids, values, strict=True)}))
            text += tokens[-1].text
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        choice["logprobs"] = {"content": [stated(token) for token in tokens]}
        return 200, {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]}

    @staticmethod
    def _new(tokenizer, before, text, token):
        """The text that a token adds."""
        return tokenizer.decode([*before, token])[len(text) :]


def test_an_endpoint_reads_closed_as_a_local_model_does(embedded: Path, rendered, monkeypatch):
    """The shipped describer weighs the options itself, and is asked as a server."""
    from broken_telephone.annotation import AnnotationSettings
    from broken_telephone.annotation.questions import lines
    from broken_telephone.labels import FORMS as KNOWN

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings, form = AnnotationSettings(), KNOWN["raf"]
    forms = [Choices(form.prompt, lines(form, settings.line))]
    local = make_describer({"path": str(embedded / "describer"), "dtype": "float32", "max_new_tokens": 40})
    images = rendered[:3]
    direct = local.choose(images, forms)
    with serving(Served(local)) as server:
        served = describer(server).choose(images, forms)
    for own, other in zip(direct, served, strict=True):
        for line, scores in zip(own[0], other[0], strict=True):
            assert softmax(scores) == pytest.approx(softmax(line), abs=1e-3)


def test_a_refusal_is_a_failure_of_the_closed_reading(server):
    model = describer(server)
    model.choose([PICTURE], FORMS)
    server.queued = [error(400, "no", code="content_filter")]
    (failure,) = model.choose([PICTURE], FORMS)
    assert failure.kind == "refused answer"


def test_a_server_that_states_greedy_choices_only_is_found_unable(server):
    server.form_tree = {"": {"1. white": 1.0}}
    body = server.answer
    server.answer = lambda asked: with_unknown_alternatives(*body(asked))
    with pytest.raises(UnableError):
        describer(server).choose([PICTURE], FORMS)


def with_unknown_alternatives(status, body):
    for token in body["choices"][0]["logprobs"]["content"]:
        token["top_logprobs"].append({"token": "x", "logprob": -9999.0, "bytes": None})
    return status, body
