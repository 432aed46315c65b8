"""Describes pictures by an OpenAI-compatible endpoint: vLLM, SGLang, llama.cpp, or a provider."""

import base64
import io
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.labels.answer_parsing.thinking_marks import Separated, separate
from broken_telephone.models.describers.answer_text import read_answer
from broken_telephone.models.describers.describer_checks import CLOSED
from broken_telephone.models.describers.endpoint_answers import written
from broken_telephone.models.describers.option_scores import option_scores, tokens_of
from broken_telephone.models.endpoints.client import EndpointModel
from broken_telephone.models.endpoints.faults import Fault
from broken_telephone.models.endpoints.settings import EndpointSettings
from broken_telephone.models.failures import NOT_IN_FORM, REFUSED_ANSWER, REJECTED, UnableError
from broken_telephone.models.protocols import Choices, Description, Failure, Finding, Likelihoods

_log = logging.getLogger(__name__)
_SEED = 0
_PLAIN = Image.new("RGB", (224, 224), "grey")
_ALTERNATIVES = (20, 5)
"""Alternatives of a token that servers state at most."""
_SHOWN = 200

T = TypeVar("T")


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
        self._alternatives: int | None = None
        """How many alternatives the server states for a token; None before it was asked."""

    def describe(self, images: list[Image.Image], prompt: str) -> list[Description | Failure]:
        """Answer the same prompt about each RGB picture.

        A picture that the endpoint rejects is a failure of its own if the endpoint takes other pictures. An answer that
        the token limit cut off in its thought, or that repeats itself, is a failure of its own, too.

        Raises:
            StudyError: if the endpoint cannot be reached, does not answer in time, or rejects any request.
        """
        self.load()
        outputs = self._each(images, lambda image: self._ask(image, prompt), prompt)
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

    def choose(self, images: list[Image.Image], forms: Sequence[Choices]) -> list[list[Likelihoods] | Failure]:
        """Score the options of forms from the alternatives that the server states for each token it writes.

        The server writes each form about each picture; see `option_scores`. A picture whose forms it does not fill in
        is a failure of its own.

        Args:
            images: RGB pictures.
            forms: each with its prompt, and for each line of the answer its options, as they would be written.

        Returns:
            Per picture, form, line and option: the natural logarithm of its likelihood.

        Raises:
            UnableError: if the server states no alternatives.
            StudyError: as `describe`.
        """
        (finding,) = self.check(forms[0].prompt)
        if not finding.works:
            raise UnableError(finding.note)

        def score(image: Image.Image) -> list[Likelihoods] | Failure:
            scored = []
            for form in forms:
                scores = self._score(image, form)
                if isinstance(scores, Failure):
                    return scores
                scored.append(scores)
            return scored

        return self._each(images, score, forms[0].prompt)

    def check(self, prompt: str) -> list[Finding]:
        """Ask once whether the server states alternatives of tokens, about a plain picture.

        Args:
            prompt: any prompt.

        Raises:
            StudyError: if the server cannot be reached or used.
        """
        self.load()
        if self._alternatives is None:
            self._alternatives = self._check_alternatives(prompt)
        if self._alternatives:
            return [Finding(CLOSED, True)]
        note = f"{self.name} states no probabilities of tokens (logprobs and top_logprobs): forms are not read closed"
        return [Finding(CLOSED, False, note)]

    def resolved(self) -> dict[str, str | None]:
        """Return how many alternatives the server states for a token, once it was asked."""
        return {} if self._alternatives is None else {"top_logprobs": str(self._alternatives)}

    def _check_alternatives(self, prompt: str) -> int:
        """Ask about a plain picture with fewer and fewer alternatives; return how many the server states, 0 for none.

        Raises:
            StudyError: if the server cannot be reached or used.
        """
        for count in _ALTERNATIVES:
            completion = self._complete(_PLAIN, prompt, logprobs=True, top_logprobs=count)
            if isinstance(completion, Fault) and not completion.is_rejection:
                raise StudyError(completion.words)
            if getattr(completion, "choices", None):
                tokens = tokens_of(completion)
                return count if any(len(token.alternatives) > 1 for token in tokens) else 0
        # The server may have rejected the picture or the prompt instead of the alternatives.
        completion = self._complete(_PLAIN, prompt)
        if isinstance(completion, Fault) and not completion.is_refusal:
            raise StudyError(completion.words)
        return 0

    def _score(self, image: Image.Image, form: Choices) -> Likelihoods | Failure:
        completion = self._complete(image, form.prompt, logprobs=True, top_logprobs=self._alternatives)
        output = self._read_completion(completion)
        if isinstance(output, Failure):
            return output
        if output.refused:
            return Failure(REFUSED_ANSWER, f"{self.name} wrote: {output.text[:_SHOWN]}", output.thought)
        tokens = tokens_of(completion)
        text = "".join(token.text for token in tokens)
        answer = separate(text, truncated=output.truncated).answer
        scores = option_scores(tokens, max(text.rfind(answer), 0), form.lines, form.titles) if answer else None
        if scores is None:
            return Failure(NOT_IN_FORM, f"{self.name} wrote: {text[:_SHOWN]}", output.thought)
        return scores

    def _each(self, images: list[Image.Image], ask: Callable[[Image.Image], T], prompt: str) -> list[T]:
        """Ask about each picture, several at once.

        Raises:
            StudyError: if the server rejects one of them and a plain picture, too.
        """
        with ThreadPoolExecutor(self.settings.concurrency) as pool:
            # An error ends the map, which then cancels the requests that have not begun.
            outputs = list(pool.map(ask, images))
        if any(isinstance(output, Failure) and output.kind == REJECTED for output in outputs):
            # A plain picture shows whether the pictures are at fault, or the settings or the server.
            plain = self._ask(_PLAIN, prompt)
            if isinstance(plain, Failure):
                raise StudyError(plain.reason)
        return outputs

    def _ask(self, image: Image.Image | None, prompt: str) -> Description | Failure:
        return self._read_completion(self._complete(image, prompt))

    def _complete(self, image: Image.Image | None, prompt: str, **more: Any) -> Any:
        """Return the completion, or the fault, of one request; `more` are further fields of it."""
        messages, fields = self._request(image, prompt)
        return self.ask(
            lambda client: client.chat.completions.create(
                model=self.settings.model, messages=messages, extra_body=fields | more
            )
        )

    def _read_completion(self, completion: Any) -> Description | Failure:
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

    def _request(self, image: Image.Image | None, prompt: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the messages and the fields of a request."""
        pictures = [] if image is None else [{"type": "image_url", "image_url": {"url": _data_url(image)}}]
        content = [*pictures, {"type": "text", "text": prompt}]
        messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
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
