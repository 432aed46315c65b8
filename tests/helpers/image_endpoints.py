"""Generators behind the stand-in server for pictures, and what they asked of it."""

from PIL import Image
from stand_in_servers import ImageServer

from broken_telephone.models import make_generator

KEY = "secret-of-the-test"
PLAIN = "a picture of a red ball"
"""The text of checks."""


def generator(server: ImageServer, **changes):
    """Return the generator behind a server, which it asks for one picture at a time."""
    return make_generator({"endpoint": server.url, "model": "some-t2i", "concurrency": 1, **changes})


def same(one: Image.Image, other: Image.Image) -> bool:
    """Return whether two RGB pictures are equal."""
    return one.mode == "RGB" and one.size == other.size and one.tobytes() == other.tobytes()


def asked_for(server: ImageServer, prompt: str) -> list[dict]:
    """Return the requests for pictures of a text."""
    return [asked for asked in server.requests if asked["prompt"] == prompt]
