"""The settings of models behind OpenAI-compatible endpoints."""

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from broken_telephone.models.settings import Positive
from broken_telephone.study_config.credentials import refusal, secret_in
from broken_telephone.study_config.settings_group import Settings

# A longer text is a key rather than a name.
_NAME_OF_VARIABLE = re.compile(r"[A-Za-z_]\w{0,39}")
# Arguments of the client, which servers would ignore as fields of a request.
_OF_CLIENT = ("extra_headers", "default_headers", "headers", "extra_query", "default_query", "extra_body", "api_key")
_OF_THE_LOOP = ("model", "prompt", "n", "size", "seed", "stream")
"""Fields of a request for a picture that the project sets itself."""


class ServerSettings(Settings):
    """A server, and how it is asked."""

    endpoint: str
    """Address of the server, such as `http://localhost:8000/v1`."""
    model: str
    """The name that the endpoint serves it under."""
    concurrency: Positive = 8
    """Requests at once."""
    retries: Annotated[int, Field(ge=0)] = 5
    """How often the client repeats a request after 408, 409, 429, 5xx, a timeout or a lost connection."""
    timeout: Annotated[float, Field(gt=0)] = 120.0
    """Seconds that a request may take."""
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable that holds the key. A server without keys needs none."""
    header_variables: dict[str, str] | None = None
    """Further headers of every request, each with the environment variable that holds its value."""
    call: dict[str, Any] = {}
    """Further fields of every request; null removes one that the project sets."""

    transport: ClassVar[frozenset[str]] = frozenset(
        {"endpoint", "concurrency", "retries", "timeout", "key_variable", "header_variables"}
    )
    """Settings that change no result. The address is one of them, because servers move."""

    def identity(self) -> dict[str, Any]:
        """Return the settings that change results."""
        changing = self.model_dump(exclude=set(self.transport))
        return {name: value for name, value in changing.items() if value is not None}

    @field_validator("model")
    @classmethod
    def _names_a_model(cls, model: str) -> str:
        if secret_in(model) is not None:
            raise refusal("a name with a key or a password in it would end up in records: take it out of the name")
        return model

    @field_validator("endpoint")
    @classmethod
    def _without_a_key(cls, endpoint: str) -> str:
        if "@" in endpoint or "?" in endpoint or secret_in(endpoint) is not None:
            raise refusal(
                "an address with a key or a password in it would end up in records: take it out of the address, and "
                "name the environment variable that holds it, see key_variable and header_variables"
            )
        if not endpoint.startswith(("http://", "https://")):
            raise ValueError("an endpoint starts with http:// or https://")
        return endpoint

    @field_validator("key_variable", "header_variables")
    @classmethod
    def _names_variables(cls, stated: Any, field: ValidationInfo) -> Any:
        names = [stated] if isinstance(stated, str) else (stated or {}).values()
        if not all(_NAME_OF_VARIABLE.fullmatch(name) and secret_in(name) is None for name in names):
            raise refusal(
                f"{field.field_name} takes the name of an environment variable, such as MY_KEY, not what it holds: a "
                "literal key would end up in records"
            )
        return stated

    @field_validator("call", "chat_template_kwargs", check_fields=False)
    @classmethod
    def _without_secrets(cls, stated: dict[str, Any] | None, field: ValidationInfo) -> dict[str, Any] | None:
        if wrong := [name for name in _OF_CLIENT if name in (stated or {})]:
            raise refusal(
                f"{field.field_name}.{wrong[0]} is no field of a request. Write fields of extra_body into call itself; "
                "the key comes from the environment variable that key_variable names, and every other header from one "
                "that header_variables names: {Authorization: MY_VARIABLE}"
            )
        if where := secret_in(stated):
            raise refusal(
                f"{field.field_name}.{where} would write a secret into the study's records: put it into an environment "
                "variable, and name that as key_variable or in header_variables: {Authorization: MY_VARIABLE}"
            )
        return stated


class EndpointSettings(ServerSettings):
    """A describer behind an OpenAI-compatible endpoint."""

    max_new_tokens: Positive = 77
    """Length of the longest answer in tokens."""
    system: str | None = None
    """A system message."""
    chat_template_kwargs: dict[str, Any] | None = None
    """Switches that the server passes to the model's chat template, such as `{enable_thinking: false}`."""

    @field_validator("system")
    @classmethod
    def _states_no_secret(cls, system: str | None) -> str | None:
        if secret_in(system) is not None:
            raise refusal("a system message with a key or a password in it would end up in records: take it out")
        return system


class ImageEndpointSettings(ServerSettings):
    """A generator behind an OpenAI-compatible endpoint. The server chooses what is null."""

    width: Positive | None = None
    """Width of the drawn images in pixels."""
    height: Positive | None = None
    """Height of the drawn images in pixels."""
    timeout: Annotated[float, Field(gt=0)] = 300.0
    """Seconds that a request may take."""
    picture_hosts: list[str] = []
    """Hosts beside the endpoint's own that pictures may be fetched from, if the server answers with an address."""
    transport: ClassVar[frozenset[str]] = ServerSettings.transport | {"picture_hosts"}

    @field_validator("call")
    @classmethod
    def _leaves_the_loop_its_fields(cls, call: dict[str, Any]) -> dict[str, Any]:
        if wrong := [name for name in _OF_THE_LOOP if name in call]:
            raise ValueError(
                f"call.{wrong[0]} is a field that the study sets: model, width and height are settings of the "
                "generator, the loop chooses prompts and seeds, and each request asks for one picture"
            )
        return call

    @field_validator("picture_hosts")
    @classmethod
    def _names_hosts(cls, hosts: list[str]) -> list[str]:
        if wrong := [host for host in hosts if not re.fullmatch(r"[\w.-]+(:\d+)?", host)]:
            raise refusal(
                "picture_hosts takes names of hosts, such as pictures.example.org or localhost:9000, without scheme, "
                f"path or user (number {hosts.index(wrong[0]) + 1} is none)"
            )
        return hosts

    @model_validator(mode="after")
    def _both_sides(self) -> Self:
        if (self.width is None) != (self.height is None):
            raise ValueError("give both width and height, or neither: a request has one size, such as 1024x1024")
        return self

    @property
    def size(self) -> str | None:
        """The size as a request states it; None: the server chooses."""
        return None if self.width is None else f"{self.width}x{self.height}"
