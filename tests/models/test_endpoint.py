"""The endpoint describer, against a small local server that speaks as OpenAI-compatible ones do."""

import base64
import io
import json
import threading
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import Failure, make_describer
from broken_telephone.models.describers.endpoint_describer import EndpointDescriber

KEY = "secret-of-the-test"


class Server(ThreadingHTTPServer):
    """Answers with the first pixel's red value, after the answers that a test queues."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.queued: list[tuple[int, dict | str] | float] = []
        self.requests: list[dict] = []
        self.keys: list[str | None] = []
        self.headers: list[Message] = []
        self.choice: dict = {}
        self.lock = threading.Lock()
        self.awake = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(asked)
            self.server.keys.append(self.headers["Authorization"])
            self.server.headers.append(self.headers)
            queued = self.server.queued.pop(0) if self.server.queued else None
        if isinstance(queued, float):
            self.server.awake.wait(queued)
            return
        status, body = queued or (200, self._answer(asked))
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        page = isinstance(body, str) and body.startswith("<")
        self.send_header("Content-Type", "text/html" if page else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, asked: dict) -> dict:
        url = asked["messages"][-1]["content"][0]["image_url"]["url"]
        picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": f" red {picture.getpixel((0, 0))[0]} "},
        } | self.server.choice
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
        }

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.awake.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def pictures():
    return [Image.new("RGB", (2, 2), (red, 0, 0)) for red in range(6)]


def describer(server: Server, **changes) -> EndpointDescriber:
    return make_describer({"endpoint": server.url, "model": "some-vlm", "max_new_tokens": 5, **changes})


def error(status: int, message: str = "no", code: str | None = None) -> tuple[int, dict]:
    return status, {"error": {"message": message, "code": code, "type": "x", "param": None}}


def test_pictures_are_asked_about_greedily_and_answers_come_in_order(server, pictures):
    model = describer(server, system="be brief", concurrency=3)
    answers = model.describe(pictures, "Describe")
    assert [answer.text for answer in answers] == [f"red {red}" for red in range(6)]
    assert {(answer.tokens, answer.truncated, answer.refused) for answer in answers} == {(2, False, False)}
    asked = server.requests[0]
    assert {name: asked[name] for name in ("model", "temperature", "seed", "max_tokens")} == {
        "model": "some-vlm",
        "temperature": 0,
        "seed": 0,
        "max_tokens": 5,
    }
    assert asked["messages"][0] == {"role": "system", "content": "be brief"}
    assert asked["messages"][1]["content"][1] == {"type": "text", "text": "Describe"}
    model.release()
    assert model.describe(pictures[:1], "Describe")[0].text == "red 0"


def test_fields_of_a_request_are_added_and_taken_away(server, pictures):
    call = {"max_tokens": None, "max_completion_tokens": 7, "repetition_penalty": 1.1}
    describer(server, call=call).describe(pictures[:1], "a")
    asked = server.requests[0]
    assert "max_tokens" not in asked
    assert (asked["max_completion_tokens"], asked["repetition_penalty"]) == (7, 1.1)


@pytest.mark.parametrize(
    ("choice", "truncated", "refused"),
    [
        ({"finish_reason": "length"}, True, False),
        ({"finish_reason": "content_filter"}, False, True),
        ({"message": {"role": "assistant", "content": "I'm sorry, but I can't help."}}, False, True),
        ({"message": {"role": "assistant", "content": None, "refusal": "No."}}, False, True),
    ],
)
def test_truncated_and_refused_answers_are_told(choice, truncated, refused, server, pictures):
    server.choice = choice
    answer = describer(server).describe(pictures[:1], "a")[0]
    assert (answer.truncated, answer.refused) == (truncated, refused)


def test_a_filtered_request_is_a_refusal(server, pictures):
    server.queued = [error(400, code="content_filter")]
    answer = describer(server).describe(pictures[:1], "a")[0]
    assert (answer.text, answer.refused) == ("", True)


def test_a_busy_or_slow_server_is_asked_again(server, pictures):
    server.queued = [error(429), error(503), 5.0]
    answer = describer(server, retries=3, timeout=0.3).describe(pictures[:1], "a")[0]
    assert answer.text == "red 0"
    assert len(server.requests) == 4


def test_the_key_comes_from_the_environment_and_is_written_nowhere(server, pictures, monkeypatch):
    model = describer(server, key_variable="MY_KEY")
    model.describe(pictures[:1], "a")
    assert server.keys == ["Bearer none"]
    monkeypatch.setenv("MY_KEY", KEY)
    model = describer(server, key_variable="MY_KEY")
    server.queued = [error(401, f"{KEY} is no valid key")]
    with pytest.raises(StudyError, match=r"answered 401: .*… is no valid key.*environment variable MY_KEY") as raised:
        model.describe(pictures, "a")
    assert server.keys[1] == f"Bearer {KEY}"
    assert KEY not in str(raised.value)
    assert KEY not in json.dumps(model.identity())
    assert set(model.identity()) == {"model", "max_new_tokens", "call"}


@pytest.mark.parametrize(
    ("queued", "message"),
    [
        ([error(404, "no such model")], r"\(some-vlm\) answered 404: .*no such model.*correct describer\.model"),
        ([error(400, "two\nlines")] * 2, "answered 400: .*two lines"),
        ([error(500)] * 2, "answered 500"),
        ([error(429)] * 2, r"answered 429: .*describer\.concurrency is 1, describer\.retries is 1"),
        ([(200, "<html>Welcome</html>")], "something else than a chat completion"),
        ([(200, {"hello": 1})], "answered with"),
        ([5.0] * 2, "did not answer within 0.2 s"),
    ],
)
def test_other_errors_end_with_one_line(queued, message, server, pictures):
    server.queued = queued
    with pytest.raises(StudyError, match=message) as raised:
        describer(server, retries=1, timeout=0.2, concurrency=1).describe(pictures[:1], "a")
    assert "\n" not in str(raised.value)


def test_a_picture_that_is_rejected_is_a_failure_of_its_own(server, pictures):
    server.queued = [error(400, "no such picture")]
    first, second = describer(server, concurrency=1).describe(pictures[:2], "a")
    assert isinstance(first, Failure)
    assert (first.kind, "no such picture" in first.reason) == ("rejected picture", True)
    assert second.text == "red 1"


def test_a_rejected_first_picture_is_told_from_wrong_settings_by_a_plain_one(server, pictures):
    server.queued = [error(422, "too small")]
    (only,) = describer(server).describe(pictures[:1], "a")
    assert isinstance(only, Failure)
    assert len(server.requests) == 2


def test_a_server_that_begins_to_reject_everything_is_told_from_a_picture(server, pictures):
    model = describer(server, concurrency=1)
    assert model.describe(pictures[:1], "a")[0].text == "red 0"
    server.queued = [error(400, "out of credit")] * 3
    with pytest.raises(StudyError, match=r"answered 400: .*out of credit"):
        model.describe(pictures[:2], "a")
    assert model.describe(pictures[:1], "a")[0].text == "red 0"
    server.queued = [error(400, "too small")]
    assert isinstance(model.describe(pictures[:1], "a")[0], Failure)


def test_a_server_that_is_not_there_is_named(pictures, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    model = make_describer({"endpoint": "http://127.0.0.1:9/v1", "model": "m", "retries": 0})
    with pytest.raises(StudyError, match=r"endpoint http://127\.0\.0\.1:9/v1 \(m\) cannot be reached"):
        model.describe(pictures[:1], "a")


THOUGHT = "Let me look. No, a young white woman."
ANSWER = "The person smiles broadly."


@pytest.mark.parametrize(
    ("message", "thought"),
    [
        ({"content": f"<think>{THOUGHT}</think>\n\n{ANSWER}"}, THOUGHT),
        ({"content": f"{THOUGHT}\n</think>\n\n{ANSWER}<|im_end|>"}, THOUGHT),
        ({"content": ANSWER, "reasoning_content": THOUGHT}, THOUGHT),
        ({"content": f"\n\n{ANSWER}", "reasoning": THOUGHT}, THOUGHT),
        ({"content": [{"type": "text", "text": "The person "}, {"type": "text", "text": "smiles broadly."}]}, None),
        ({"content": ["The person ", "smiles broadly."]}, None),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
                    {"type": "text", "text": ANSWER},
                ]
            },
            THOUGHT,
        ),
    ],
)
def test_the_answer_is_told_from_the_thought_and_put_together_from_parts(message, thought, server, pictures):
    server.choice = {"message": {"role": "assistant", **message}}
    answer = describer(server).describe(pictures[:1], "a")[0]
    assert (answer.text, answer.thought, answer.refused) == (ANSWER, thought, False)


def test_parts_that_nothing_separates_stand_on_lines_of_their_own(server, pictures):
    server.choice = {"message": {"content": [{"type": "text", "text": text} for text in ("1. white", "2. male")]}}
    assert describer(server).describe(pictures[:1], "a")[0].text == "1. white\n2. male"


@pytest.mark.parametrize(
    ("message", "thought"),
    [
        ({"content": f"<think>\n{THOUGHT}"}, THOUGHT),
        ({"content": None, "reasoning_content": THOUGHT}, THOUGHT),
        ({"content": "", "reasoning": THOUGHT}, THOUGHT),
        ({"reasoning_content": THOUGHT}, THOUGHT),
        ({"content": ""}, None),
    ],
)
def test_a_thought_that_the_limit_cuts_off_is_no_answer(message, thought, server, pictures):
    server.choice = {"finish_reason": "length", "message": {"role": "assistant", **message}}
    answer = describer(server).describe(pictures[:1], "a")[0]
    assert isinstance(answer, Failure)
    assert (answer.kind, answer.thought) == ("no answer before the token limit", thought)
    # The settings may be at fault, but no request was rejected: the run goes on.
    assert len(server.requests) == 1


def test_a_thought_without_marks_is_known_by_the_answers_beside_it(server, pictures):
    """The chat template opens the thought, and one answer is cut off before it closes it."""
    model = describer(server, concurrency=1)
    choices = [
        ({"content": f"{THOUGHT}</think>{ANSWER}"}, "stop"),
        ({"content": THOUGHT}, "length"),
    ]
    server.queued = [(200, {"choices": [{"message": message, "finish_reason": end}]}) for message, end in choices]
    whole, cut = model.describe(pictures[:2], "a")
    assert whole.text == ANSWER
    assert isinstance(cut, Failure)
    assert cut.thought == THOUGHT


def test_a_cut_off_answer_that_was_a_thought_is_warned_about(server, pictures, caplog):
    model = describer(server, concurrency=1)
    cut = {"message": {"content": THOUGHT}, "finish_reason": "length"}
    server.queued = [(200, {"choices": [cut]})]
    assert model.describe(pictures[:1], "a")[0].text == THOUGHT
    server.choice = {"message": {"content": f"{THOUGHT}</think>{ANSWER}"}}
    for _ in range(2):
        assert model.describe(pictures[:1], "a")[0].text == ANSWER
    assert [record.levelname for record in caplog.records if "thinks before" in record.message] == ["WARNING"]
    assert "cut off 1 of its earlier answers" in caplog.text


def test_an_empty_content_is_an_empty_answer(server, pictures):
    server.choice = {"message": {"role": "assistant", "content": None}}
    assert describer(server).describe(pictures[:1], "a")[0].text == ""


def test_degenerate_output_is_a_failure(server, pictures):
    server.choice = {"finish_reason": "length", "message": {"role": "assistant", "content": "!" * 77}}
    answer = describer(server).describe(pictures[:1], "a")[0]
    assert isinstance(answer, Failure)
    assert answer.kind == "degenerate output"


@pytest.mark.parametrize(
    "passing",
    [
        '{"choices": [{"mess',
        {"choices": []},
        {"choices": [{"finish_reason": "stop", "message": None}]},
        {"error": {"message": "too many requests", "code": 429}},
        {"error": {"message": "busy", "type": "overloaded_error"}},
        {"choices": [{"finish_reason": "error", "error": {"message": "upstream", "code": 502}, "message": {}}]},
    ],
)
def test_a_passing_fault_that_says_success_is_tried_again(passing, server, pictures):
    server.queued = [(200, passing)] * 2
    assert describer(server, retries=2).describe(pictures[:1], "a")[0].text == "red 0"
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "no such model", "code": 404}}, r"answered with an error: no such model \(correct"),
        ({"error": "out of credit"}, "answered with an error: out of credit"),
        ({"object": "error", "message": "bad request", "code": 400}, "answered with an error: bad request"),
        ('{"choices": [{"mess', "answered with invalid JSON"),
        ({"choices": []}, "answered without a choice"),
        ({"error": {"message": "model overloaded", "code": 503}}, "answered with an error: model overloaded"),
    ],
)
def test_a_lasting_fault_that_says_success_ends_with_its_message(body, message, server, pictures):
    server.queued = [(200, body)] * 9
    with pytest.raises(StudyError, match=message):
        describer(server, retries=1).describe(pictures[:1], "a")


def test_a_picture_that_an_error_of_status_200_rejects_is_a_failure(server, pictures):
    server.queued = [(200, {"error": {"message": "no such picture", "code": "invalid_image"}})]
    first, second = describer(server, concurrency=1).describe(pictures[:2], "a")
    assert isinstance(first, Failure)
    assert (first.kind, second.text) == ("rejected picture", "red 1")


def test_switches_of_the_chat_template_reach_the_server_and_are_sealed(server, pictures):
    model = describer(server, chat_template_kwargs={"enable_thinking": False})
    model.describe(pictures[:1], "a")
    assert server.requests[0]["chat_template_kwargs"] == {"enable_thinking": False}
    assert model.identity()["chat_template_kwargs"] == {"enable_thinking": False}
    describer(server).describe(pictures[:1], "a")
    assert "chat_template_kwargs" not in server.requests[1]


def test_headers_come_from_the_environment_and_are_written_nowhere(server, pictures, monkeypatch):
    model = describer(server, header_variables={"X-API-Key": "MY_KEY", "Authorization": "MY_LOGIN"})
    with pytest.raises(StudyError, match=r"describer\.header_variables: the environment variable MY_KEY, .*X-API-Key"):
        model.describe(pictures[:1], "a")
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("MY_LOGIN", "Basic bG9naW4x")
    model.describe(pictures[:1], "a")
    assert server.headers[0]["X-API-Key"] == KEY
    assert server.keys == ["Basic bG9naW4x"]
    assert "header_variables" not in model.identity()
    server.queued = [error(403, f"neither {KEY} nor bG9naW4x may")]
    with pytest.raises(StudyError, match="neither … nor … may"):
        model.describe(pictures[:1], "a")


def test_a_proxy_that_cannot_be_used_is_told_without_its_password(server, pictures, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", "gopher://me:password-of-proxy@127.0.0.1:9")
    with pytest.raises(StudyError, match="cannot be asked") as raised:
        describer(server).describe(pictures[:1], "a")
    assert "password-of-proxy" not in str(raised.value)


def test_a_system_message_with_a_key_is_refused():
    with pytest.raises(StudyError, match="a system message with a key or a password") as raised:
        make_describer({"endpoint": "http://localhost/v1", "model": "m", "system": "token: sk-abcdefghij1234567890"})
    assert "sk-abcdefghij" not in str(raised.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"call": {"extra_headers": {"Authorization": f"Bearer {KEY}"}}},
        {"call": {"extra_headers": {"X-API-Key": KEY}}},
        {"call": {"default_headers": {"api-key": KEY}}},
        {"call": {"extra_query": {"key": KEY}}},
        {"call": {"extra_body": {"a": 1, "token": KEY}}},
        {"call": {"api_key": KEY}},
        {"call": {"provider": {"Authorization": KEY}}},
        {"call": {"user": f"https://me:{KEY}@host"}},
        {"chat_template_kwargs": {"api_key": KEY}},
        {"key_variable": f"sk-{KEY}"},
        {"key_variable": "0123456789abcdef" + KEY.replace("-", "")},
        {"header_variables": {"X-API-Key": f"Bearer {KEY}"}},
        {"endpoint": f"https://me:{KEY}@host/v1"},
        {"endpoint": f"https://{KEY}@host/v1"},
        {"endpoint": f"me:{KEY}@host/v1"},
        {"endpoint": f"https://host/v1?api-key={KEY}"},
        {"endpoint": f"https://host/v1?sv=2024&sig={KEY}"},
    ],
)
def test_a_literal_secret_is_refused_with_what_to_write_instead(changes):
    with pytest.raises(StudyError, match=r"header_variables|name of an environment variable") as raised:
        make_describer({"endpoint": "http://localhost/v1", "model": "m", **changes})
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("group", ["load", "call"])
def test_a_local_model_takes_no_literal_token_either(group):
    with pytest.raises(StudyError, match=rf"{group}\.token.*HF_TOKEN") as raised:
        make_describer({"hub": "some/model", group: {"token": KEY}})
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"endpoint": "localhost:8000"}, "starts with http"),
        ({"endpoint": "https://user:key@host/v1"}, "key_variable"),
        ({"steps": 3}, "'steps' is not a setting here"),
    ],
)
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(StudyError, match=message):
        make_describer({"endpoint": "http://localhost/v1", "model": "m", **changes})
