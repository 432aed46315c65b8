"""Draws pictures by an OpenAI-compatible endpoint for images: a provider, or a server such as vLLM-Omni."""

import logging
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event, Lock
from typing import Any, NamedTuple

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.endpoints.client import EndpointModel
from broken_telephone.models.endpoints.faults import Fault
from broken_telephone.models.endpoints.settings import ImageEndpointSettings
from broken_telephone.models.failures import BLACK_PICTURE, MODEL_ERROR, REFUSED_PICTURE, REJECTED_TEXT
from broken_telephone.models.generators.endpoint_pictures import NoPictureError, picture_of
from broken_telephone.models.generators.seed_check import heeds_seeds, is_constant
from broken_telephone.models.protocols import Failure, Finding

_log = logging.getLogger(__name__)
_PLAIN = "a picture of a red ball"
"""A text that every working server draws."""
_OPTIONAL = ("seed", "response_format")
"""Fields that some servers do not know, and that a request can do without."""
SEEDS = "seeds"
"""The ability to draw the same picture again from the same text and seed."""
HEEDED, _IGNORED, _NOT_CHECKED = "heeded", "ignored", "not checked"
_SEEDS = 2**31
"""Servers keep seeds in 32 bits, some with a sign."""
_BLOCKED = re.compile(r"filter|safety|moderat|nsfw|block|prohibited")


class _UnclearFailure(NamedTuple):
    """A failure whose cause may be the text, or else the server or the settings."""

    failure: Failure


_Outcome = Image.Image | Failure | _UnclearFailure


class EndpointGenerator(EndpointModel[ImageEndpointSettings]):
    """Asks an endpoint for one picture per text, several at once."""

    def __init__(self, settings: ImageEndpointSettings, setting: str = "generator") -> None:
        super().__init__(settings, setting)
        self._unknown_fields: set[str] = set()
        """Optional fields that the server does not take."""
        self._seed: str | None = None
        """The result of the check of seeds: heeded, ignored or not checked. None before the check."""
        self._note = ""
        """The sentence that the check of seeds logs; empty if the server heeds them."""
        self._sizes: set[tuple[int, int]] = set()
        """Width and height of the pictures so far."""
        self._warned_about: set[str] = set()
        """The topics of the warnings so far."""

    def resolved(self) -> dict[str, str | None]:
        """Return the sizes of the pictures so far, and whether the server heeds seeds: null if it does not."""
        sizes = ", ".join(f"{width}x{height}" for width, height in sorted(self._sizes))
        checked: dict[str, str | None] = {}
        if self._seed is not None:
            checked["seed"] = self._seed if self._seed != _IGNORED else None
        return checked | ({"size": sizes} if sizes else {})

    def truncates(self, prompts: list[str]) -> list[bool | None]:
        """Return None for every prompt, because the server does not tell whether it cuts one off."""
        return [None] * len(prompts)

    def check(self, prompt: str = _PLAIN) -> list[Finding]:
        """Find out once whether the server heeds seeds, by up to three pictures of a plain text; the log says if not.

        Args:
            prompt: any prompt; it is not drawn, because a content policy may refuse it.

        Raises:
            StudyError: if the server cannot be asked.
        """
        self.load()
        if self._seed is None:
            self._seed, note = self._check_seeds()
            if note:
                self._log_once("seed", note)
                self._note = note
        return [Finding(SEEDS, self._seed == HEEDED, self._note)]

    def draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        """Draw one RGB picture per prompt, or say why there is none.

        Seeds are reduced to 31 bits. Before the first picture the server draws a plain text up to three times, which
        shows whether it heeds seeds.

        A text that a content policy refuses, and one that the server rejects, are failures of their own if the server
        draws a plain text. A request that fails after all retries is a failure that the next run tries again.

        Raises:
            StudyError: if the server draws nothing of the batch, and not even a plain text; or if it answers with
                addresses of pictures on a host that the settings do not name.
        """
        self.check()
        plain, broken = _Once(), Event()

        def draw_one(prompt: str, seed: int) -> _Outcome:
            if broken.is_set():
                return _UnclearFailure(
                    Failure(MODEL_ERROR, self.in_words("was not asked, because it failed just before"))
                )
            drawn = self._draw(prompt, seed)
            # Otherwise each of the others would wait through all retries, too.
            if isinstance(drawn, _UnclearFailure) and drawn.failure.kind == MODEL_ERROR and not plain.works(self):
                broken.set()
            return drawn

        with ThreadPoolExecutor(self.settings.concurrency) as pool:
            outcomes = list(pool.map(draw_one, prompts, seeds))
        if any(isinstance(outcome, _UnclearFailure) for outcome in outcomes):
            outcomes = list(self._decided(outcomes, plain.works(self)))
        drawn = [outcome.failure if isinstance(outcome, _UnclearFailure) else outcome for outcome in outcomes]
        for outcome in drawn:
            if isinstance(outcome, Failure) and outcome.kind == REFUSED_PICTURE:
                self.costs.add("refusals")
        return drawn

    def _decided(self, outcomes: list[_Outcome], works: bool) -> Iterable[_Outcome]:
        """Decide by a plain text about failures whose cause is unclear.

        Raises:
            StudyError: if nothing else came of the batch, and the plain text failed, too.
        """
        unclear = [outcome.failure for outcome in outcomes if isinstance(outcome, _UnclearFailure)]
        if not works and len(unclear) == len(outcomes):
            raise StudyError(unclear[0].reason)
        for outcome in outcomes:
            if isinstance(outcome, _UnclearFailure) and not works:
                # What the server drew just before is kept; the rest waits for a server that works.
                yield Failure(MODEL_ERROR, outcome.failure.reason)
            else:
                yield outcome

    def draws_a_plain_text(self) -> bool:
        """Return whether the server draws a plain text."""
        return isinstance(self._draw(_PLAIN, 0), Image.Image)

    def _draw(self, prompt: str, seed: int) -> _Outcome:
        while True:
            fields = self._fields(seed)
            answer = self.ask(partial(self._request, prompt=prompt, fields=fields))
            if not isinstance(answer, Fault):
                return self._read(answer)
            unknown = {name for name in _OPTIONAL if name in fields and answer.is_about_field(name)}
            if self._seed == HEEDED:
                # A server that drew from seeds takes them.
                unknown.discard("seed")
            if unknown <= self.settings.call.keys():
                return _failed(answer)
            self._drop_fields(unknown)

    def _drop_fields(self, names: set[str]) -> None:
        """Leave fields out of later requests. Without seeds, the result of their check is another."""
        self._unknown_fields.update(names)
        if "seed" in names and self._seed == _NOT_CHECKED:
            self._seed, self._note = _IGNORED, f"{self.name} takes no seed. {_UNSEEDED}"
            self._log_once("no seed", self._note)

    def _request(self, client: Any, prompt: str, fields: dict[str, Any]) -> Any:
        return client.images.generate(model=self.settings.model, prompt=prompt, extra_body=fields)

    def _fields(self, seed: int) -> dict[str, Any]:
        fields: dict[str, Any] = {"size": self.settings.size, "seed": seed % _SEEDS, "response_format": "b64_json"}
        known = {name: value for name, value in fields.items() if name not in self._unknown_fields}
        return {name: value for name, value in (known | self.settings.call).items() if value is not None}

    def _read(self, answer: Any) -> _Outcome:
        """Return the picture of an answer."""
        data = getattr(answer, "data", None)
        # The client returns a web page, such as a proxy's, as a string.
        if not isinstance(data, list):
            return _UnclearFailure(Failure(MODEL_ERROR, self.in_words("answered with something else than pictures")))
        self.costs.add_usage(getattr(answer, "usage", None))
        item = data[0] if data else None
        marks = getattr(item, "model_extra", None) or {}
        if marks.get("respect_moderation") is False or _BLOCKED.search(str(marks.get("finish_reason", "")).lower()):
            return Failure(REFUSED_PICTURE, self.statement("blocked the picture that it drew"))
        try:
            picture = picture_of(item, self.settings, self.setting, self._http)
        except NoPictureError as error:
            return _UnclearFailure(Failure(MODEL_ERROR, self.in_words(str(error))))
        if picture is None:
            # So some providers answer for a picture that their moderation blocked.
            return _UnclearFailure(Failure(REFUSED_PICTURE, self.statement("answered without a picture")))
        if picture.getbbox() is None:
            reason = "every pixel is black: the server's safety checker may have painted the picture over"
            return Failure(BLACK_PICTURE, reason)
        self._log_differences(picture, getattr(item, "revised_prompt", None))
        return picture

    def _log_differences(self, picture: Image.Image, revised: Any) -> None:
        """Log once where a server does something else than it was asked."""
        self._sizes.add(picture.size)
        asked = (self.settings.width, self.settings.height)
        if self.settings.size is not None and picture.size != asked:
            self._log_once(
                "size",
                f"{self.name} was asked for pictures of {self.settings.size} pixels and draws "
                f"{picture.width}x{picture.height}: they are kept as they are",
            )
        if isinstance(revised, str) and revised.strip():
            self.costs.add("revised")
            self._log_once(
                "revised",
                f"{self.name} rewrites texts before it draws them, so that pictures show more than the descriptions "
                f"say. The manifest counts how many it rewrote. The first became: {revised[:200]}",
            )

    def _log_once(self, topic: str, words: str) -> None:
        if topic not in self._warned_about:
            self._warned_about.add(topic)
            _log.warning("%s", words)

    def _check_seeds(self) -> tuple[str, str]:
        """Draw a plain text twice with one seed and once with another; return the result, and a note for people."""
        pictures: list[Image.Image] = []
        for seed in (0, 0, 1):
            drawn = self._draw(_PLAIN, seed)
            if isinstance(drawn, _UnclearFailure) and drawn.failure.kind == MODEL_ERROR:
                raise StudyError(drawn.failure.reason)
            if not isinstance(drawn, Image.Image):
                return _NOT_CHECKED, f"{self.name} does not draw {_PLAIN!r}: whether it heeds seeds is unknown"
            if "seed" not in self._fields(0):
                return _IGNORED, f"{self.name} takes no seed. {_UNSEEDED}"
            pictures.append(drawn)
        if heeds_seeds(*pictures):
            return HEEDED, ""
        constant = " It draws the same picture for every seed." if is_constant(pictures[0], pictures[2]) else ""
        return _IGNORED, f"{self.name} ignores seeds.{constant} {_UNSEEDED}"


_UNSEEDED = (
    "Its pictures cannot be drawn again, and replicates differ by chance alone: the seed is recorded as null in the "
    "manifest"
)


class _Once:
    """Asks for a plain picture once, and gives all threads the same answer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._works: bool | None = None

    def works(self, generator: EndpointGenerator) -> bool:
        """Return whether the server draws a plain text."""
        with self._lock:
            if self._works is None:
                self._works = generator.draws_a_plain_text()
            return self._works


def _failed(fault: Fault) -> _Outcome:
    """Return what a fault means for a text."""
    if fault.is_refusal:
        return Failure(REFUSED_PICTURE, fault.reason)
    if fault.seems_a_refusal:
        return _UnclearFailure(Failure(REFUSED_PICTURE, fault.reason))
    return _UnclearFailure(Failure(REJECTED_TEXT if fault.is_rejection else MODEL_ERROR, fault.words))
