"""Describes pictures by an OpenAI-compatible endpoint: vLLM, SGLang, llama.cpp, or a provider."""

import base64
import io
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.labels.answer_parsing.thinking_marks import Separated, separate
from broken_telephone.models.describers.answer_text import read_answer
from broken_telephone.models.describers.endpoint_answers import written
from broken_telephone.models.endpoints.client import EndpointModel
from broken_telephone.models.endpoints.faults import Fault
from broken_telephone.models.endpoints.settings import EndpointSettings
from broken_telephone.models.failures import REJECTED
from broken_telephone.models.protocols import Description, Failure

_log = logging.getLogger(__name__)
_SEED = 0


class EndpointDescriber(EndpointModel[EndpointSettings]):
    """Asks an endpoint about every picture, several at once; greedy unless `call` says otherwise."""

    longest = None
    """The server does not tell how much of a picture the model reads."""

    def __init__(self, settings: EndpointSettings, setting: str = "describer") -> None:
        super().__init__(settings, setting)
        self._cut_off = 0
        """How many answers without a mark were cut off before any answer closed a thought."""
        self._opens_thoughts = False
        """Whether an answer closed a thought that the server's chat template had opened."""

    def describe(self, images: list[Image.Image], prompt: str) -> list[Description | Failure]:
        """Answer the same prompt about each RGB picture.

        A picture that the endpoint rejects is a failure of its own if the endpoint takes other pictures. An answer that
        the token limit cut off in its thought, or that repeats itself, is a failure of its own, too.

        Raises:
            StudyError: if the endpoint cannot be reached, does not answer in time, or rejects any request.
        """
        self.load()
        with ThreadPoolExecutor(self.settings.concurrency) as pool:
            # An error ends the map, which then cancels the requests that have not begun.
            outputs = list(pool.map(lambda image: self._ask(image, prompt), images))
        if any(isinstance(output, Failure) for output in outputs):
            # A plain picture shows whether the pictures are at fault, or the settings or the server.
            plain = self._ask(Image.new("RGB", (224, 224), "grey"), prompt)
            if isinstance(plain, Failure):
                raise StudyError(plain.reason)
        separated = [
            output if isinstance(output, Failure) else (output, separate(output.text, truncated=output.truncated))
            for output in outputs
        ]
        if any(not isinstance(parts, Failure) and parts[1].opened_before for parts in separated):
            if self._cut_off and not self._opens_thoughts:
                _log.warning(
                    "%s thinks before it answers, and the limit of tokens cut off %d of its earlier answers: what was "
                    "kept of them may be a thought. Run the server with its reasoning parser, or raise "
                    "%s.max_new_tokens, and start the study anew",
                    *(self.name, self._cut_off, self.setting),
                )
            self._opens_thoughts = True
        return [parts if isinstance(parts, Failure) else self._read(*parts) for parts in separated]

    def _ask(self, image: Image.Image, prompt: str) -> Description | Failure:
        messages, fields = self._request(image, prompt)
        completion = self.ask(
            lambda client: client.chat.completions.create(
                model=self.settings.model, messages=messages, extra_body=fields
            )
        )
        if isinstance(completion, Fault):
            if completion.is_refusal:
                self.costs.add("refusals")
                return Description("", tokens=0, truncated=False, refused=True)
            if completion.is_rejection:
                return Failure(REJECTED, completion.words)
            raise StudyError(completion.words)
        # The client returns a web page, such as a proxy's, as a string.
        if (output := written(completion)) is None:
            raise StudyError(
                self.in_words("answered with something else than a chat completion: is it the right address?")
            )
        self.costs.add_usage(getattr(completion, "usage", None))
        if output.refused:
            self.costs.add("refusals")
        return output

    def _request(self, image: Image.Image, prompt: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the messages and the fields of a request."""
        picture = {"type": "image_url", "image_url": {"url": _data_url(image)}}
        messages: list[dict[str, Any]] = [{"role": "user", "content": [picture, {"type": "text", "text": prompt}]}]
        if self.settings.system is not None:
            messages.insert(0, {"role": "system", "content": self.settings.system})
        fields: dict[str, Any] = {"temperature": 0, "seed": _SEED, "max_tokens": self.settings.max_new_tokens}
        fields |= {"chat_template_kwargs": self.settings.chat_template_kwargs} | self.settings.call
        return messages, {name: value for name, value in fields.items() if value is not None}

    def _read(self, output: Description, separated: Separated) -> Description | Failure:
        if output.truncated and separated.answer and not output.thought and separated.thought is None:
            # The text is still a thought if other answers began with one.
            if self._opens_thoughts:
                separated = separated._replace(answer="", thought=separated.answer, cut_off=True)
            else:
                self._cut_off += 1
        return read_answer(separated, self.name, output.tokens, output.truncated, output.refused, output.thought)


def _data_url(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "PNG")
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
