"""The endpoint generator, against a local server that speaks as OpenAI-compatible ones do: requests and faults."""

import io
import json
import logging
import time

import pytest
from image_endpoints import KEY, PLAIN, asked_for, generator, same
from stand_in_servers import REFUSED, as_base64, error, picture_for

from broken_telephone.errors import StudyError
from broken_telephone.models import Failure, make_generator

PROVIDERS_KEY = "sk-abcdefghij1234567890"


def test_each_text_is_drawn_from_its_own_seed_in_order(image_server):
    model = generator(image_server, width=24, height=16, concurrency=3)
    prompts, seeds = [f"text {number}" for number in range(6)], [7, 2**31 + 7, 2**62, 0, 5, 6]
    drawn = model.draw(prompts, seeds)
    for prompt, seed, picture in zip(prompts, seeds, drawn, strict=True):
        assert same(picture, picture_for(prompt, seed % 2**31, "24x16"))
    assert asked_for(image_server, "text 1") == [
        {"model": "some-t2i", "prompt": "text 1", "size": "24x16", "seed": 7, "response_format": "b64_json"}
    ]
    assert set(image_server.paths) == {"/v1/images/generations"}
    assert model.truncates(prompts) == [None] * 6
    assert model.resolved() == {"seed": "heeded", "size": "24x16"}
    assert (model.device, model.name) == ("endpoint", "some-t2i")


def test_the_seal_has_what_changes_pictures_and_no_address(image_server):
    model = generator(image_server, width=8, height=8, call={"guidance_scale": 4}, picture_hosts=["a.example"])
    assert model.identity() == {"model": "some-t2i", "width": 8, "height": 8, "call": {"guidance_scale": 4}}


def test_fields_are_added_and_taken_away(image_server):
    image_server.known |= {"num_inference_steps"}
    model = generator(image_server, call={"num_inference_steps": 3, "response_format": None})
    model.draw(["a"], [0])
    assert asked_for(image_server, "a") == [{"model": "some-t2i", "prompt": "a", "seed": 0, "num_inference_steps": 3}]


def test_a_busy_slow_or_broken_server_is_asked_again(image_server):
    model = generator(image_server, retries=4, timeout=0.4)
    model.draw(["a"], [0])
    before = len(image_server.requests)
    model.take_costs()
    image_server.queued = [error(429), error(500), 5.0, (200, {"error": {"message": "busy", "code": 503}})]
    assert same(model.draw(["b"], [1])[0], picture_for("b", 1))
    assert len(image_server.requests) - before == 5
    costs = model.take_costs()
    assert (costs["requests"], costs["retries"]) == (5, 4)
    assert costs["seconds"] > 0.4
    assert model.take_costs() == {}


def test_the_wait_that_a_server_asks_for_is_kept(image_server):
    model = generator(image_server)
    model.draw(["a"], [0])
    image_server.queued, image_server.retry_after = [error(429)], {"Retry-After": "1"}
    began = time.monotonic()
    model.draw(["b"], [1])
    assert 0.9 < time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answer",
    [
        error(400, "Rejected by the safety system.", code="moderation_blocked"),
        error(400, "no", code="content_policy_violation"),
        error(403, "no", type="content_filter"),
        (200, {"error": {"message": "no", "code": "content_policy_violation"}}),
        (200, {"created": 0, "data": [{"url": None, "b64_json": None, "respect_moderation": False}]}),
        (200, {"created": 0, "data": [{"b64_json": "AAAA", "finish_reason": "CONTENT_FILTERED"}]}),
    ],
)
def test_a_refusal_with_a_code_is_an_outcome_and_asked_once(answer, image_server):
    model = generator(image_server)
    model.draw(["a"], [0])
    before, _ = len(image_server.requests), model.take_costs()
    image_server.queued = [answer]
    refused, drawn = model.draw(["x", "b"], [1, 2])
    assert isinstance(refused, Failure)
    assert refused.kind == "refused picture"
    assert same(drawn, picture_for("b", 2))
    assert len(image_server.requests) - before == 2
    assert model.take_costs()["refusals"] == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400, "This may violate our content policy"), "refused picture"),
        (error(400, "The prompt was flagged"), "refused picture"),
        ((200, {"created": 0, "data": []}), "refused picture"),
        (error(400, "prompt too long"), "rejected text"),
    ],
)
def test_an_unclear_refusal_is_told_from_a_broken_server_by_a_plain_text(answer, kind, image_server):
    model = generator(image_server)
    model.draw(["a"], [0])
    before = len(image_server.requests)
    image_server.queued = [answer]
    (failure,) = model.draw(["x"], [1])
    assert failure.kind == kind
    assert [asked["prompt"] for asked in image_server.requests[before:]] == ["x", PLAIN]
    image_server.broken = True
    with pytest.raises(StudyError, match="out of credit"):
        model.draw(["x", "y"], [1, 2])


def test_what_was_drawn_before_an_outage_is_kept_and_the_rest_is_tried_again(image_server):
    model = generator(image_server, retries=0)
    model.draw(["a"], [0])
    before = len(image_server.requests)
    image_server.queued = [(200, {"created": 0, "data": [{"b64_json": as_base64(picture_for("a", 1))}]})]
    image_server.queued += [error(500)] * 9
    drawn, *rest = model.draw(["a", "b", "c", "d"], [1, 2, 3, 4])
    assert same(drawn, picture_for("a", 1))
    assert {failure.kind for failure in rest} == {"model error"}
    # b fails, and so does a plain text: c and d are not asked.
    assert len(image_server.requests) - before == 3


def test_a_request_that_fails_alone_is_a_failure_of_its_own(image_server):
    model = generator(image_server, retries=1)
    model.draw(["a"], [0])
    image_server.queued = [error(500), error(500)]
    failure, drawn = model.draw(["x", "b"], [1, 2])
    assert failure.kind == "model error"
    assert "answered 500" in failure.reason
    assert same(drawn, picture_for("b", 2))


@pytest.mark.parametrize(
    ("queued", "message"),
    [
        ([error(404, "no such model")], r"\(some-t2i\) answered 404: .*no such model.*correct generator\.model"),
        ([error(429)] * 2, r"answered 429: .*generator\.concurrency is 1, generator\.retries is 1"),
        ([error(500)] * 2, "answered 500"),
        ([5.0] * 2, "did not answer within 0.2 s"),
        ([(200, "<html>Welcome</html>")] * 2, "answered with invalid JSON"),
        ([(200, {"hello": 1})], "something else than pictures"),
        ([(200, {"data": [{"b64_json": "AAAA"}]})], "broken picture"),
    ],
)
def test_a_server_that_cannot_be_used_is_told_in_one_line_before_anything_is_drawn(queued, message, image_server):
    image_server.queued = queued
    with pytest.raises(StudyError, match=message) as raised:
        generator(image_server, retries=1, timeout=0.2).draw(["a"], [0])
    assert "\n" not in str(raised.value)
    assert not asked_for(image_server, "a")


def test_other_sizes_and_rewritten_texts_are_told_once(image_server, caplog):
    image_server.item = {"b64_json": as_base64(picture_for("a", 0)), "revised_prompt": "A young woman, smiling"}
    model = generator(image_server, width=32, height=32)
    model.draw(["a", "b"], [0, 1])
    messages = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len([message for message in messages if "asked for pictures of 32x32" in message]) == 1
    assert len([message for message in messages if "A young woman, smiling" in message]) == 1
    assert model.resolved()["size"] == "16x16"
    assert model.take_costs()["revised"] == 5


def test_tokens_are_counted_where_the_server_states_them(image_server):
    image_server.usage = {"input_tokens": 11, "output_tokens": 272, "total_tokens": 283}
    model = generator(image_server)
    model.draw(["a"], [0])
    costs = model.take_costs()
    assert (costs["requests"], costs["input_tokens"], costs["output_tokens"]) == (4, 44, 1088)


def test_the_key_is_in_no_message_and_no_seal(image_server, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    model = generator(image_server, key_variable="MY_KEY")
    image_server.queued = [error(401, f"{KEY} is no valid key")]
    with pytest.raises(StudyError, match="environment variable MY_KEY") as raised:
        model.draw(["a"], [0])
    assert set(image_server.keys) == {f"Bearer {KEY}"}
    assert KEY not in str(raised.value) + json.dumps(model.identity())
    image_server.queued = [error(400, f"{KEY} may not draw this", code="moderation_blocked")]
    model.draw(["a"], [0])
    image_server.queued = [error(400, f"{KEY} may not draw this", code="moderation_blocked")]
    (refused,) = model.draw(["b"], [0])
    assert KEY not in refused.reason


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 8}, "give both width and height"),
        ({"call": {"seed": 3}}, r"call\.seed is a field that the study sets"),
        ({"call": {"n": 4}}, "each request asks for one picture"),
        ({"call": {"extra_headers": {"Authorization": KEY}}}, "header_variables"),
        ({"picture_hosts": [f"https://me:{KEY}@host"]}, "names of hosts"),
        ({"endpoint": f"https://host/v1?key={KEY}"}, "name the environment variable"),
        ({"endpoint": f"https://host/{PROVIDERS_KEY}/v1"}, "name the environment variable"),
        ({"steps": 3}, "'steps' is not a setting"),
    ],
)
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(StudyError, match=message) as raised:
        make_generator({"endpoint": "http://localhost/v1", "model": "m", **changes})
    assert KEY not in str(raised.value)
    assert PROVIDERS_KEY not in str(raised.value)


def test_a_refused_text_stays_refused(image_server):
    (refused,) = generator(image_server).draw([f"something {REFUSED}"], [0])
    assert refused.kind == "refused picture"
    assert io.StringIO(refused.reason).readline() == refused.reason
