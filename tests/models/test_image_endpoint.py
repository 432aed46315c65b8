"""The endpoint generator, against a local server that speaks as OpenAI-compatible ones do."""

import base64
import io
import json
import logging
import time

import numpy as np
import pytest
from PIL import Image
from stand_in_servers import REFUSED, ImageServer, as_base64, error, picture_for, serving

from broken_telephone.errors import StudyError
from broken_telephone.models import Failure, make_generator
from broken_telephone.models.generators.seed_check import heeds_seeds, is_constant

KEY = "secret-of-the-test"
PLAIN = "a picture of a red ball"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(ImageServer()) as server:
        yield server


def generator(server, **changes):
    return make_generator({"endpoint": server.url, "model": "some-t2i", "concurrency": 1, **changes})


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == "RGB" and one.size == other.size and one.tobytes() == other.tobytes()


def asked_for(server, prompt: str) -> list[dict]:
    return [asked for asked in server.requests if asked["prompt"] == prompt]


def test_each_text_is_drawn_from_its_own_seed_in_order(server):
    model = generator(server, width=24, height=16, concurrency=3)
    prompts, seeds = [f"text {number}" for number in range(6)], [7, 2**31 + 7, 2**62, 0, 5, 6]
    drawn = model.draw(prompts, seeds)
    for prompt, seed, picture in zip(prompts, seeds, drawn, strict=True):
        assert same(picture, picture_for(prompt, seed % 2**31, "24x16"))
    assert asked_for(server, "text 1") == [
        {"model": "some-t2i", "prompt": "text 1", "size": "24x16", "seed": 7, "response_format": "b64_json"}
    ]
    assert set(server.paths) == {"/v1/images/generations"}
    assert model.truncates(prompts) == [None] * 6
    assert model.resolved() == {"seed": "heeded", "size": "24x16"}
    assert (model.device, model.name) == ("endpoint", "some-t2i")


def test_the_seal_has_what_changes_pictures_and_no_address(server):
    model = generator(server, width=8, height=8, call={"guidance_scale": 4}, picture_hosts=["a.example"])
    assert model.identity() == {"model": "some-t2i", "width": 8, "height": 8, "call": {"guidance_scale": 4}}


def test_fields_are_added_and_taken_away(server):
    server.known |= {"num_inference_steps"}
    model = generator(server, call={"num_inference_steps": 3, "response_format": None})
    model.draw(["a"], [0])
    assert asked_for(server, "a") == [{"model": "some-t2i", "prompt": "a", "seed": 0, "num_inference_steps": 3}]


def test_seeds_are_checked_once_before_the_first_picture(server):
    model = generator(server)
    model.draw(["a"], [3])
    assert [(asked["prompt"], asked["seed"]) for asked in server.requests] == [
        *((PLAIN, seed) for seed in (0, 0, 1)),
        ("a", 3),
    ]
    assert [(finding.ability, finding.works) for finding in model.check("b")] == [("seeds", True)]
    model.release()
    model.draw(["b"], [4])
    assert len(server.requests) == 5


@pytest.mark.parametrize("constant", [False, True])
def test_a_server_that_ignores_seeds_is_told_once_and_recorded_as_null(constant, server, caplog):
    server.heeds_seeds, server.constant = False, constant
    model = generator(server)
    for _ in range(2):
        assert isinstance(model.draw(["a"], [1])[0], Image.Image)
    assert model.resolved()["seed"] is None
    (told,) = [record.message for record in caplog.records if "seed" in record.message]
    assert ("same picture for every seed" in told) == constant


@pytest.mark.parametrize(
    "answer",
    [
        error(400, "Unknown parameter: 'seed'.", param="seed"),
        (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs not permitted"}]}),
        error(400, 'Unrecognized request argument supplied: "seed"'),
    ],
)
def test_a_server_that_takes_no_seed_is_asked_without_one(answer, server, caplog):
    server.queued = [answer]
    model = generator(server)
    assert same(model.draw(["a"], [5])[0], picture_for("a", None))
    assert [asked.get("seed") for asked in server.requests] == [0, None, None]
    assert model.resolved()["seed"] is None
    assert [record.message for record in caplog.records if "takes no seed" in record.message]


def test_a_server_without_the_response_format_is_asked_without_it(server):
    server.known = server.known - {"response_format"}
    model = generator(server)
    assert same(model.draw(["a"], [5])[0], picture_for("a", 5))
    assert [("response_format" in asked) for asked in server.requests] == [True, False, False, False, False]


def test_a_field_that_the_study_states_is_not_dropped(server):
    server.known = server.known - {"response_format"}
    with pytest.raises(StudyError, match=r"answered 400: .*response_format"):
        generator(server, call={"response_format": "b64_json"}).draw(["a"], [5])


def test_rounding_is_told_from_another_picture():
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 255, (16, 16, 3)) for _ in range(2))
    near = np.clip(one + rng.integers(-3, 4, one.shape), 0, 255)
    first, again, third = (Image.fromarray(array.astype(np.uint8)) for array in (one, near, other))
    assert heeds_seeds(first, again, third)
    assert not heeds_seeds(first, third, again)
    assert not heeds_seeds(first, first, first)
    assert is_constant(first, first)
    assert not heeds_seeds(first, Image.new("RGB", (8, 8)), third)


def test_a_busy_slow_or_broken_server_is_asked_again(server):
    model = generator(server, retries=4, timeout=0.4)
    model.draw(["a"], [0])
    before = len(server.requests)
    model.take_costs()
    server.queued = [error(429), error(500), 5.0, (200, {"error": {"message": "busy", "code": 503}})]
    assert same(model.draw(["b"], [1])[0], picture_for("b", 1))
    assert len(server.requests) - before == 5
    costs = model.take_costs()
    assert (costs["requests"], costs["retries"]) == (5, 4)
    assert costs["seconds"] > 0.4
    assert model.take_costs() == {}


def test_the_wait_that_a_server_asks_for_is_kept(server):
    model = generator(server)
    model.draw(["a"], [0])
    server.queued, server.retry_after = [error(429)], {"Retry-After": "1"}
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
def test_a_refusal_with_a_code_is_an_outcome_and_asked_once(answer, server):
    model = generator(server)
    model.draw(["a"], [0])
    before, _ = len(server.requests), model.take_costs()
    server.queued = [answer]
    refused, drawn = model.draw(["x", "b"], [1, 2])
    assert isinstance(refused, Failure)
    assert refused.kind == "refused picture"
    assert same(drawn, picture_for("b", 2))
    assert len(server.requests) - before == 2
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
def test_an_unclear_refusal_is_told_from_a_broken_server_by_a_plain_text(answer, kind, server):
    model = generator(server)
    model.draw(["a"], [0])
    before = len(server.requests)
    server.queued = [answer]
    (failure,) = model.draw(["x"], [1])
    assert failure.kind == kind
    assert [asked["prompt"] for asked in server.requests[before:]] == ["x", PLAIN]
    server.broken = True
    with pytest.raises(StudyError, match="out of credit"):
        model.draw(["x", "y"], [1, 2])


def test_what_was_drawn_before_an_outage_is_kept_and_the_rest_is_tried_again(server):
    model = generator(server, retries=0)
    model.draw(["a"], [0])
    before = len(server.requests)
    server.queued = [(200, {"created": 0, "data": [{"b64_json": as_base64(picture_for("a", 1))}]})]
    server.queued += [error(500)] * 9
    drawn, *rest = model.draw(["a", "b", "c", "d"], [1, 2, 3, 4])
    assert same(drawn, picture_for("a", 1))
    assert {failure.kind for failure in rest} == {"model error"}
    # b fails, and so does a plain text: c and d are not asked.
    assert len(server.requests) - before == 3


def test_a_request_that_fails_alone_is_a_failure_of_its_own(server):
    model = generator(server, retries=1)
    model.draw(["a"], [0])
    server.queued = [error(500), error(500)]
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
def test_a_server_that_cannot_be_used_is_told_in_one_line_before_anything_is_drawn(queued, message, server):
    server.queued = queued
    with pytest.raises(StudyError, match=message) as raised:
        generator(server, retries=1, timeout=0.2).draw(["a"], [0])
    assert "\n" not in str(raised.value)
    assert not asked_for(server, "a")


def test_a_black_picture_is_a_failure(server):
    model = generator(server)
    model.draw(["a"], [0])
    server.item = {"b64_json": as_base64(Image.new("RGB", (8, 8)))}
    (failure,) = model.draw(["a"], [0])
    assert failure.kind == "black picture"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_any_format_is_read_and_transparency_is_white(form, server):
    model = generator(server)
    model.draw(["a"], [0])
    picture = Image.new("RGB", (8, 8), (200, 100, 50))
    server.item = {"b64_json": as_base64(picture, form)}
    (drawn,) = model.draw(["a"], [0])
    assert np.abs(np.asarray(drawn, int) - np.asarray(picture, int)).max() < 6
    server.item = {"b64_json": as_base64(Image.new("RGBA", (8, 8), (9, 9, 9, 0)))}
    assert model.draw(["a"], [0])[0].getpixel((0, 0)) == (255, 255, 255)


def as_png(picture: Image.Image) -> bytes:
    return base64.b64decode(as_base64(picture))


@pytest.mark.parametrize("form", ["{base}/files/a.png", "/v1/files/a.png"])
def test_a_picture_on_the_endpoints_own_host_is_fetched_with_the_key(form, server, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    picture = picture_for("elsewhere", 1)
    server.files["/v1/files/a.png"] = as_png(picture)
    model = generator(server, key_variable="MY_KEY")
    model.draw(["a"], [0])
    model.take_costs()
    server.item = {"url": form.format(base=server.url)}
    server.queued = [(200, {"data": [server.item]}), (503, {})]
    (drawn,) = model.draw(["a"], [0])
    assert same(drawn, picture)
    assert server.paths[-2:] == ["/v1/files/a.png"] * 2
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert model.take_costs()["requests"] == 1


def test_a_picture_on_another_host_is_refused_unless_the_study_names_the_host(server, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    picture = picture_for("elsewhere", 1)
    with serving(ImageServer()) as other:
        other.files["/a.png"] = as_png(picture)
        host = other.url.removeprefix("http://").removesuffix("/v1")
        server.item = {"url": f"http://{host}/a.png?sig=hidden-of-the-test"}
        with pytest.raises(StudyError, match=r"picture_hosts: \[127\.0\.0\.1\]") as raised:
            generator(server, key_variable="MY_KEY").draw(["a"], [0])
        assert "hidden-of-the-test" not in str(raised.value)
        assert other.paths == []
        other.files["/a.png?sig=hidden-of-the-test"] = other.files["/a.png"]
        model = generator(server, key_variable="MY_KEY", picture_hosts=[host])
        assert same(model.draw(["a"], [0])[0], picture)
        assert set(other.keys) == {None}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a.png"])
def test_only_web_addresses_are_fetched(url, server):
    server.item = {"url": url}
    with pytest.raises(StudyError, match="picture_hosts"):
        generator(server, picture_hosts=["127.0.0.1"]).draw(["a"], [0])


def test_data_addresses_are_read(server):
    picture = picture_for("here", 1)
    server.item = {"url": f"data:image/png;base64,{as_base64(picture)}"}
    assert same(generator(server).draw(["a"], [0])[0], picture)


def test_other_sizes_and_rewritten_texts_are_told_once(server, caplog):
    server.item = {"b64_json": as_base64(picture_for("a", 0)), "revised_prompt": "A young woman, smiling"}
    model = generator(server, width=32, height=32)
    model.draw(["a", "b"], [0, 1])
    messages = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len([message for message in messages if "asked for pictures of 32x32" in message]) == 1
    assert len([message for message in messages if "A young woman, smiling" in message]) == 1
    assert model.resolved()["size"] == "16x16"
    assert model.take_costs()["revised"] == 5


def test_tokens_are_counted_where_the_server_states_them(server):
    server.usage = {"input_tokens": 11, "output_tokens": 272, "total_tokens": 283}
    model = generator(server)
    model.draw(["a"], [0])
    costs = model.take_costs()
    assert (costs["requests"], costs["input_tokens"], costs["output_tokens"]) == (4, 44, 1088)


def test_the_key_is_in_no_message_and_no_seal(server, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    model = generator(server, key_variable="MY_KEY")
    server.queued = [error(401, f"{KEY} is no valid key")]
    with pytest.raises(StudyError, match="environment variable MY_KEY") as raised:
        model.draw(["a"], [0])
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert KEY not in str(raised.value) + json.dumps(model.identity())
    server.queued = [error(400, f"{KEY} may not draw this", code="moderation_blocked")]
    model.draw(["a"], [0])
    server.queued = [error(400, f"{KEY} may not draw this", code="moderation_blocked")]
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
        ({"steps": 3}, "'steps' is not a setting"),
    ],
)
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(StudyError, match=message) as raised:
        make_generator({"endpoint": "http://localhost/v1", "model": "m", **changes})
    assert KEY not in str(raised.value)


def test_a_refused_text_stays_refused(server):
    (refused,) = generator(server).draw([f"something {REFUSED}"], [0])
    assert refused.kind == "refused picture"
    assert io.StringIO(refused.reason).readline() == refused.reason
