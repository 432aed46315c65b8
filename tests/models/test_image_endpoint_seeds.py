"""The endpoint generator: whether a server heeds seeds, and fields that it does not know."""

import numpy as np
import pytest
from image_endpoints import PLAIN, generator, same
from PIL import Image
from stand_in_servers import error, picture_for

from broken_telephone.errors import StudyError
from broken_telephone.models.endpoints.faults import Fault
from broken_telephone.models.generators.seed_check import heeds_seeds, is_constant


def test_seeds_are_checked_once_before_the_first_picture(image_server):
    model = generator(image_server)
    model.draw(["a"], [3])
    assert [(asked["prompt"], asked["seed"]) for asked in image_server.requests] == [
        *((PLAIN, seed) for seed in (0, 0, 1)),
        ("a", 3),
    ]
    assert [(finding.ability, finding.works) for finding in model.check("b")] == [("seeds", True)]
    model.release()
    model.draw(["b"], [4])
    assert len(image_server.requests) == 5


@pytest.mark.parametrize("constant", [False, True])
def test_a_server_that_ignores_seeds_is_told_once_and_recorded_as_null(constant, image_server, caplog):
    image_server.heeds_seeds, image_server.constant = False, constant
    model = generator(image_server)
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
def test_a_server_that_takes_no_seed_is_asked_without_one(answer, image_server, caplog):
    image_server.queued = [answer]
    model = generator(image_server)
    assert same(model.draw(["a"], [5])[0], picture_for("a", None))
    assert [asked.get("seed") for asked in image_server.requests] == [0, None, None]
    assert model.resolved()["seed"] is None
    assert [record.message for record in caplog.records if "takes no seed" in record.message]


def test_a_server_without_the_response_format_is_asked_without_it(image_server):
    image_server.known = image_server.known - {"response_format"}
    model = generator(image_server)
    assert same(model.draw(["a"], [5])[0], picture_for("a", 5))
    assert [("response_format" in asked) for asked in image_server.requests] == [True, False, False, False, False]


def test_a_field_that_the_study_states_is_not_dropped(image_server):
    image_server.known = image_server.known - {"response_format"}
    with pytest.raises(StudyError, match=r"answered 400: .*response_format"):
        generator(image_server, call={"response_format": "b64_json"}).draw(["a"], [5])


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


QUOTED = {"loc": ["body"], "msg": "prompt too long", "input": {"prompt": "an extravagant dress", "seed": 0}}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Additional properties are not allowed ('seed' was unexpected)", True),
        ("Unsupported parameters: 'response_format', 'seed'", True),
        ("[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'no', 'input': 5}]", True),
        ("prompt too long: {'prompt': 'something extra', 'seed': 5}", False),
        ("'seed' is 5 in a request that is unusual", False),
        ("unknown prompt: {'seed': 5}", False),
    ],
)
def test_a_fault_is_about_a_field_if_the_server_names_it_as_the_cause(message, expected):
    fault = Fault("", status=400, message=message.lower())
    assert fault.is_about_field("seed") == expected


def test_a_fault_that_quotes_the_request_is_not_about_its_seed(image_server):
    model = generator(image_server)
    image_server.queued = [(422, {"detail": [QUOTED]})] * 2
    model.draw(["a"], [5])
    assert [asked.get("seed") for asked in image_server.requests] == [0, 5, 0]
    assert model.resolved()["seed"] == "not checked"


def test_a_server_that_heeded_seeds_keeps_getting_them(image_server):
    model = generator(image_server)
    model.draw(["a"], [5])
    image_server.queued = [error(400, "no", param="seed")]
    (failure,) = model.draw(["b"], [6])
    assert failure.kind == "rejected text"
    assert same(model.draw(["b"], [6])[0], picture_for("b", 6))
    assert model.resolved()["seed"] == "heeded"


def test_a_seed_that_is_dropped_later_is_recorded_as_ignored(image_server, caplog):
    model = generator(image_server)
    image_server.queued = [error(400, "no", code="content_filter"), error(400, "no", param="seed")]
    assert same(model.draw(["a"], [5])[0], picture_for("a", None))
    assert model.resolved()["seed"] is None
    assert "takes no seed" in caplog.text
    assert [(finding.works, "takes no seed" in finding.note) for finding in model.check()] == [(False, True)]
