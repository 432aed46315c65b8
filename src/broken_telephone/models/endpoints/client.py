"""Asks OpenAI-compatible endpoints: vLLM, SGLang, llama.cpp, or a provider.

The official client repeats requests with growing pauses, follows a server's Retry-After, pools connections and
classifies errors.
"""

import os
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from broken_telephone.errors import StudyError
from broken_telephone.models.endpoints.costs import Costs
from broken_telephone.models.endpoints.faults import Fault, expose_fault, read_fault
from broken_telephone.models.endpoints.headers import further_headers, key_of
from broken_telephone.models.endpoints.settings import ServerSettings
from broken_telephone.models.loading.load_errors import require
from broken_telephone.study_config.credentials import hide_secrets

S = TypeVar("S", bound=ServerSettings)
T = TypeVar("T")
_RETRIED = "x-stainless-retry-count"
"""Header in which the client counts the repetitions of a request."""


class EndpointModel(Generic[S]):
    """A model behind an endpoint."""

    device = "endpoint"

    def __init__(self, settings: S, setting: str) -> None:
        self.settings, self.setting = settings, setting
        self.costs = Costs()
        self._client: Any = None
        self._http: Any = None

    @property
    def name(self) -> str:
        """The name that the endpoint serves the model under."""
        return self.settings.model

    def identity(self) -> dict[str, Any]:
        """Return everything about the model that changes its results."""
        return self.settings.identity()

    def resolved(self) -> dict[str, str | None]:
        """Return nothing, because the server does not tell."""
        return {}

    def take_costs(self) -> dict[str, float]:
        """Return what was spent since the last call.

        `requests` counts all that were sent, `retries` those of them that repeat another. `seconds` is the time of all
        requests with their pauses; requests at once count each. Tokens are those that the server states.
        """
        return self.costs.take()

    def load(self) -> None:
        """Set up the client, if there is none.

        Raises:
            StudyError: if the package openai or the variable of a header is missing, or the address is invalid.
        """
        if self._client is None:
            require("openai", f"{self.setting}.endpoint")
            from openai import DefaultHttpxClient, OpenAI

            headers = further_headers(self.settings, self.setting)
            try:
                self._http = DefaultHttpxClient(
                    timeout=self.settings.timeout,
                    event_hooks={"request": [self._count], "response": [expose_fault]},
                )
                # The client insists on a key; a local server asks for none.
                self._client = OpenAI(
                    base_url=self.settings.endpoint,
                    api_key=key_of(self.settings) or "none",
                    max_retries=self.settings.retries,
                    timeout=self.settings.timeout,
                    default_headers=headers,
                    http_client=self._http,
                )
            # The transport may raise anything for the address or for a proxy in the environment.
            except Exception as error:
                raise StudyError(self.in_words(f"cannot be asked: {error}")) from None

    def release(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = self._http = None

    def ask(self, request: Callable[[Any], T]) -> T | Fault:
        """Return the answer to a request, or why there is none after all retries.

        Args:
            request: makes the request with the client.
        """
        import openai

        began = time.perf_counter()
        try:
            return request(self._client)
        except openai.APIStatusError as error:
            return read_fault(error, self.statement, self.in_words)
        except openai.APITimeoutError:
            return Fault(self.in_words(f"did not answer within {self.settings.timeout:g} s"))
        except openai.APIError as error:
            return Fault(self.in_words(f"cannot be reached or understood: {error}"))
        finally:
            self.costs.add("seconds", time.perf_counter() - began)

    def in_words(self, what: str, status: int | None = None) -> str:
        """Return one line that says what went wrong and what to do, without secrets.

        Args:
            what: went wrong.
            status: of the answer, which decides about the advice.
        """
        todo = {
            401: f"put a valid key into the environment variable {self.settings.key_variable}",
            403: f"the key in {self.settings.key_variable} may not use this model",
            404: f"correct {self.setting}.model or {self.setting}.endpoint, which ends with /v1 as a rule",
            429: f"ask for less at once or wait longer: {self.setting}.concurrency is {self.settings.concurrency}, "
            f"{self.setting}.retries is {self.settings.retries}",
        }
        otherwise = f"see {self.setting}.endpoint, {self.setting}.timeout and the server"
        advice = otherwise if status is None else todo.get(status, otherwise)
        return f"{self.statement(what)} ({advice})"

    def statement(self, what: str) -> str:
        """Return one line about what the endpoint did, without keys and passwords, which some servers quote."""
        line = " ".join(what.split())
        variables = [self.settings.key_variable, *(self.settings.header_variables or {}).values()]
        for value in (os.environ.get(name, "") for name in variables):
            # Servers quote the key of "Bearer key" alone. A short value is no secret and may occur in any word.
            for part in (value, *value.split()[-1:]):
                line = line.replace(part, "…") if len(part) > 3 else line
        return hide_secrets(f"The endpoint {self.settings.endpoint} ({self.settings.model}) {line}")

    def _count(self, request: Any) -> None:
        # Only requests of the client have the header; fetching a picture that was drawn is none.
        if (repetition := request.headers.get(_RETRIED)) is not None:
            self.costs.add("requests")
            if repetition != "0":
                self.costs.add("retries")
