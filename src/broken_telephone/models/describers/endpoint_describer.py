"""Describes pictures by an OpenAI-compatible endpoint: vLLM, SGLang, llama.cpp, or a provider.

The official client repeats requests with growing pauses, follows a server's Retry-After, pools connections and
classifies errors.
"""

import base64
import io
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.labels.answer_parsing.thinking_marks import Separated, separate
from broken_telephone.models.describers.answer_text import read_answer
from broken_telephone.models.describers.endpoint_answers import expose_fault, fault, written
from broken_telephone.models.failures import REJECTED
from broken_telephone.models.loading.load_errors import require
from broken_telephone.models.protocols import Description, Failure
from broken_telephone.models.settings import EndpointSettings
from broken_telephone.study_config.credentials import hide_secrets

_log = logging.getLogger(__name__)
_SEED = 0
_REJECTIONS = {400, 413, 415, 422}
"""Statuses of servers for a picture that they cannot use, and for a request that is wrong for every picture."""


class EndpointDescriber:
    """Asks an endpoint about every picture, several at once; greedy unless `call` says otherwise."""

    device = "endpoint"
    longest = None
    """The server does not tell how much of a picture the model reads."""

    def __init__(self, settings: EndpointSettings, setting: str = "describer") -> None:
        self.settings, self.setting = settings, setting
        self._client: Any = None
        self._cut_off = 0
        """How many answers without a mark were cut off before any answer closed a thought."""
        self._opens_thoughts = False
        """Whether an answer closed a thought that the server's chat template had opened."""

    @property
    def name(self) -> str:
        """The name that the endpoint serves the model under."""
        return self.settings.model

    def identity(self) -> dict[str, Any]:
        """Return everything about the model that changes its results. The address is left out, because servers move."""
        elsewhere = {"endpoint", "concurrency", "retries", "timeout", "key_variable", "header_variables"}
        stated = self.settings.model_dump(exclude=elsewhere)
        return {name: value for name, value in stated.items() if value is not None}

    def resolved(self) -> dict[str, str | None]:
        """Return nothing, because the server does not tell."""
        return {}

    def load(self) -> None:
        """Set up the client, if there is none.

        Raises:
            StudyError: if the package openai or the variable of a header is missing, or the address is invalid.
        """
        if self._client is None:
            require("openai", f"{self.setting}.endpoint")
            from openai import DefaultHttpxClient, OpenAI

            headers = self._headers()
            try:
                # The client insists on a key; a local server asks for none.
                self._client = OpenAI(
                    base_url=self.settings.endpoint,
                    api_key=os.environ.get(self.settings.key_variable) or "none",
                    max_retries=self.settings.retries,
                    timeout=self.settings.timeout,
                    default_headers=headers,
                    http_client=DefaultHttpxClient(
                        timeout=self.settings.timeout, event_hooks={"response": [expose_fault]}
                    ),
                )
            # The transport may raise anything for the address or for a proxy in the environment.
            except Exception as error:
                raise StudyError(self._in_words(f"cannot be asked: {error}")) from None

    def release(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

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

    def answer(self, prompt: str) -> Description:
        """Answer a prompt without a picture.

        Raises:
            StudyError: as `describe`, and if the endpoint rejects the prompt.
        """
        self.load()
        output = self._ask(None, prompt)
        if isinstance(output, Failure):
            raise StudyError(output.reason)
        return output

    def _ask(self, image: Image.Image | None, prompt: str) -> Description | Failure:
        import openai

        pictures = [] if image is None else [{"type": "image_url", "image_url": {"url": _data_url(image)}}]
        messages = [{"role": "user", "content": [*pictures, {"type": "text", "text": prompt}]}]
        if self.settings.system is not None:
            messages.insert(0, {"role": "system", "content": self.settings.system})
        fields: dict[str, Any] = {"temperature": 0, "seed": _SEED, "max_tokens": self.settings.max_new_tokens}
        fields |= {"chat_template_kwargs": self.settings.chat_template_kwargs} | self.settings.call
        stated = {name: value for name, value in fields.items() if value is not None}
        try:
            completion = self._client.chat.completions.create(
                model=self.settings.model, messages=messages, extra_body=stated
            )
        except openai.APIStatusError as error:
            if error.code == "content_filter":
                return Description("", tokens=0, truncated=False, refused=True)
            reason = fault(error.response) or f"answered {error.status_code}: {error.message}"
            words = self._in_words(reason, error)
            if error.status_code in _REJECTIONS:
                return Failure(REJECTED, words)
            raise StudyError(words) from None
        except openai.APITimeoutError:
            raise StudyError(self._in_words(f"did not answer within {self.settings.timeout:g} s")) from None
        except openai.APIError as error:
            raise StudyError(self._in_words(f"cannot be reached or understood: {error}")) from None
        # The client returns a web page, such as a proxy's, as a string.
        if (output := written(completion)) is None:
            raise StudyError(
                self._in_words("answered with something else than a chat completion: is it the right address?")
            )
        return output

    def _read(self, output: Description, separated: Separated) -> Description | Failure:
        if output.truncated and separated.answer and not output.thought and separated.thought is None:
            # The text is still a thought if other answers began with one.
            if self._opens_thoughts:
                separated = separated._replace(answer="", thought=separated.answer, cut_off=True)
            else:
                self._cut_off += 1
        return read_answer(separated, self.name, output.tokens, output.truncated, output.refused, output.thought)

    def _in_words(self, what: str, error: Any = None) -> str:
        """Return one line that says what went wrong, without keys and passwords, which some servers quote."""
        line = " ".join(what.split())
        variables = [self.settings.key_variable, *(self.settings.header_variables or {}).values()]
        for value in (os.environ.get(name, "") for name in variables):
            # Servers quote the key of "Bearer key" alone. A short value is no secret and may occur in any word.
            for part in (value, *value.split()[-1:]):
                line = line.replace(part, "…") if len(part) > 3 else line
        line = hide_secrets(line)
        todo = {
            401: f"put a valid key into the environment variable {self.settings.key_variable}",
            403: f"the key in {self.settings.key_variable} may not use this model",
            404: f"correct {self.setting}.model or {self.setting}.endpoint, which ends with /v1 as a rule",
            429: f"ask for less at once or wait longer: {self.setting}.concurrency is {self.settings.concurrency}, "
            f"{self.setting}.retries is {self.settings.retries}",
        }
        otherwise = f"see {self.setting}.endpoint, {self.setting}.timeout and the server"
        advice = todo.get(getattr(error, "status_code", 0), otherwise)
        return f"The endpoint {self.settings.endpoint} ({self.settings.model}) {line} ({advice})"

    def _headers(self) -> dict[str, str]:
        headers = self.settings.header_variables or {}
        if missing := [(name, variable) for name, variable in headers.items() if not os.environ.get(variable)]:
            header, variable = missing[0]
            raise StudyError(
                f"{self.setting}.header_variables: the environment variable {variable}, which holds the header "
                f"{header}, is not set: set it before the run, as in export {variable}=…"
            )
        return {name: os.environ[variable] for name, variable in headers.items()}


def _data_url(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "PNG")
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
