"""Local servers that speak as OpenAI-compatible ones do: one draws pictures, one describes them. Both have faults."""

import base64
import io
import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zlib import crc32

import numpy as np
from PIL import Image

from broken_telephone.models.describers.option_scores import Token

REFUSED = "forbidden"
"""A text with this word in it is refused."""


def error(status: int, message: str = "no", **fields: object) -> tuple[int, dict]:
    """Return the answer of a server that refuses."""
    return status, {"error": {"message": message, "type": "x", "param": None, "code": None} | fields}


def picture_for(prompt: str, seed: int | None, size: str | None = None) -> Image.Image:
    """Return the picture that the server draws: noise of text and seed."""
    width, height = (int(side) for side in (size or "16x16").split("x"))
    noise = np.random.default_rng(crc32(f"{seed} {prompt}".encode())).integers(0, 255, (height, width, 3))
    return Image.fromarray(noise.astype(np.uint8))


def as_base64(picture: Image.Image, form: str = "PNG") -> str:
    """Return the file of a picture as base64."""
    content = io.BytesIO()
    picture.save(content, form)
    return base64.b64encode(content.getvalue()).decode()


class StandIn(ThreadingHTTPServer):
    """A server that answers as `answer` says, after the answers and waits that a test queues."""

    key: str | None = None
    """The key that every request needs."""
    every: int | None = None
    """If set, every so many requests meet a fault: 429, then 500, then an answer that comes too late, and so on."""
    late = 1.0
    """Seconds of a late answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.queued: list[tuple[int, dict | str] | float] = []
        self.requests: list[dict] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.files: dict[str, bytes] = {}
        self.retry_after = {"retry-after-ms": "1"}
        self.lock = threading.Lock()
        self.awake = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def answer(self, asked: dict) -> tuple[int, dict]:
        raise NotImplementedError

    def fault(self, number: int) -> tuple[int, dict] | float | None:
        """Return the fault of a request, by its number from 1."""
        if self.queued:
            return self.queued.pop(0)
        if self.every is None or number % self.every:
            return None
        return [error(429, "slow down"), error(500, "out of order"), self.late][number // self.every % 3]


class Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(asked)
            self.server.paths.append(self.path)
            self.server.keys.append(self.headers["Authorization"])
            fault = self.server.fault(len(self.server.requests))
        if isinstance(fault, float):
            self.server.awake.wait(fault)
            self.close_connection = True
            return
        if self.server.key is not None and self.headers["Authorization"] != f"Bearer {self.server.key}":
            fault = error(401, f"{self.headers['Authorization']} is no key")
        status, body = fault or self.server.answer(asked)
        self._send(status, body.encode() if isinstance(body, str) else json.dumps(body).encode(), "application/json")

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.paths.append(self.path)
            self.server.keys.append(self.headers["Authorization"])
            fault = self.server.queued.pop(0) if self.server.queued else None
        content = self.server.files.get(self.path)
        if fault is not None or content is None:
            self._send(fault[0] if isinstance(fault, tuple) else 404, b"", "text/plain")
        else:
            self._send(200, content, "image/png")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.server.retry_after.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


class ImageServer(StandIn):
    """Draws as vLLM-Omni and providers do."""

    known = frozenset({"model", "prompt", "size", "seed", "response_format", "n"})
    """Fields of a request; any other is refused by name."""
    heeds_seeds = True
    constant = False
    """Whether a server that does not heed seeds draws the same picture each time."""
    usage: dict | None = None
    item: dict | None = None
    """What each answer's picture has in place of base64."""
    broken = False
    """Whether everything is refused."""

    def answer(self, asked: dict) -> tuple[int, dict]:
        if self.broken:
            return error(400, "out of credit")
        for name in asked.keys() - self.known:
            return error(400, f"Unknown parameter: '{name}'.", param=name)
        if REFUSED in asked["prompt"]:
            return error(400, "Your request was rejected by the safety system.", code="moderation_blocked")
        seed = asked.get("seed") if self.heeds_seeds else None if self.constant else len(self.requests)
        item = {"b64_json": as_base64(picture_for(asked["prompt"], seed, asked.get("size")))}
        usage = {} if self.usage is None else {"usage": self.usage}
        return 200, {"created": 0, "data": [item if self.item is None else self.item], **usage}


def asked_picture(asked: dict) -> Image.Image:
    """Return the picture of a request for a description or a form."""
    data = base64.b64decode(asked["messages"][-1]["content"][0]["image_url"]["url"].partition(",")[2])
    return Image.open(io.BytesIO(data)).convert("RGB")


class ChatServer(StandIn):
    """Describes a picture by its first pixel; to a prompt that is a form it fills in the form."""

    form = "1. White\n2. Female\n3. 20-39"

    def answer(self, asked: dict) -> tuple[int, dict]:
        _, prompt = asked["messages"][-1]["content"]
        red, green, blue = asked_picture(asked).getpixel((0, 0))
        text = f"The person looks happy, shade {red} {green} {blue}."
        if red % 7 == 1:
            text += f" It is {REFUSED}."
        if "1." in prompt["text"]:
            text = self.filled_form(red)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}
        return 200, {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}

    def filled_form(self, red: int) -> str:
        """Return the form about a picture whose first pixel has this much red."""
        return self.form


def walked(tree: dict, count: int = 20) -> list[Token]:
    """What a server states when it writes the most likely token each time."""
    text, tokens = "", []
    while text in tree:
        ordered = sorted(tree[text].items(), key=lambda item: -item[1])
        best = ordered[0][0]
        tokens.append(Token(best, {token: math.log(share) for token, share in ordered[:count]}))
        text += best
    return tokens


def stated(token: Token) -> dict:
    """Return what a server states about a token."""
    top = [
        {"token": text, "logprob": value, "bytes": list(text.encode())} for text, value in token.alternatives.items()
    ]
    return {"token": token.text, "logprob": token.alternatives[token.text], "bytes": None, "top_logprobs": top}


class ScoringServer(ChatServer):
    """Writes forms and labels by trees of probabilities, and states the alternatives of its tokens if asked."""

    most: int | None = 20
    """How many alternatives it states at most; None: it ignores the field."""

    def __init__(self, form_tree: dict, label_tree: dict | None = None) -> None:
        super().__init__()
        self.form_tree, self.label_tree = form_tree, label_tree

    def answer(self, asked):
        status, body = super().answer(asked)
        is_form = "1." in asked["messages"][-1]["content"][1]["text"]
        tree = self.form_tree if is_form else self.label_tree
        if tree is None:
            return status, body
        if asked.get("logprobs") and self.most is not None and asked["top_logprobs"] > self.most:
            return error(400, f"top_logprobs must be at most {self.most}")
        tokens = walked(tree, asked.get("top_logprobs", 1))
        body["choices"][0]["message"]["content"] = "".join(token.text for token in tokens).replace("<end>", "")
        if asked.get("logprobs") and self.most is not None:
            body["choices"][0]["logprobs"] = {"content": [stated(token) for token in tokens]}
        return status, body


@contextmanager
def serving(server: StandIn) -> Iterator[StandIn]:
    """Serve in threads of this process."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.awake.set()
        server.shutdown()
        server.server_close()
        thread.join()


def wait_for(condition, seconds: float = 60.0) -> bool:
    """Wait until a condition holds; return whether it did in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
