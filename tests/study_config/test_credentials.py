"""Secrets are found in settings, and hidden in messages."""

import time

import pytest
from pydantic import field_validator

from broken_telephone.errors import StudyError
from broken_telephone.study_config.credentials import hide_secrets, secret_in
from broken_telephone.study_config.settings_group import Settings


@pytest.mark.parametrize(
    ("stated", "where"),
    [
        ({"headers": {"Authorization": "x1"}}, "headers.Authorization"),
        ({"X-API-Key": "k"}, "X-API-Key"),
        ({"api-key": "k"}, "api-key"),
        ({"apiKey": "k"}, "apiKey"),
        ({"Cookie": "a=b"}, "Cookie"),
        ({"token": "t"}, "token"),
        ({"hf_token": "t"}, "hf_token"),
        ({"Ocp-Apim-Subscription-Key": "s"}, "Ocp-Apim-Subscription-Key"),
        ({"client_secret": "s"}, "client_secret"),
        ({"password": "s"}, "password"),
        ({"a": [{"b": "Bearer abcdef123"}]}, "a.b"),
        ({"user": "sk-abcdefghijklmnop"}, "user"),
        ({"proxies": {"https": "http://me:pass@proxy:80"}}, "proxies.https"),
        ({"url": "https://host/x?sv=1&sig=abc"}, "url"),
        ({"password": 123456}, "password"),
        ({"Authorization": {"value": "x1"}}, "Authorization.value"),
        ({"auth": {"user": "a", "pass": "b"}}, "auth.user"),
        ({"a": [{"pass": "b"}], "db_pass": "c"}, "a.pass"),
        ({"db_pass": ["c"]}, "db_pass"),
        ({"a": "Authorization: Token abc123"}, "a"),
        ({"a": "X-Api-Key: abcdefgh"}, "a"),
        ({"a": "token=abc"}, "a"),
        ({"a": "Server=x;Password=abc"}, "a"),
        ({"a": '{"password": "abc"}'}, "a"),
        ({"a": "Basic bG9naW4x"}, "a"),
        ({"a": "Write to name:me@uni.edu", "b": "mailto:me@uni.edu", "c": "name:value@x"}, None),
        ({"guided_regex": "(?P<a>x:y@z)", "a": "the bearer carries weapons", "b": "Basic information1"}, None),
        ({"metadata": {"key": "study-1"}, "signature": "serving_default"}, None),
        ({"a": "hf_hub_model_long_name", "model": "xai-grok-4-fast-reasoning", "b": "xai-org/grok-2-1212"}, None),
        ({"sort_key": 1, "pad_token": {"content": "<pad>"}, "num_key_value_heads": 8, "max_new_tokens": 5}, None),
        ({"stop": ["Password:", "key: happy"], "tokens": [1, 2]}, None),
        ({"token": True, "key": None, "secret": ""}, None),
        ({"max_tokens": 5, "stop": "</s>", "eos_token": "x", "stop_token_ids": [1]}, None),
        ({"prompt_cache_key": "study", "user": "me@uni.edu", "HTTP-Referer": "https://uni.edu/?page=2"}, None),
        ({"chat_template_kwargs": {"enable_thinking": False}, "reasoning_effort": "low"}, None),
        (None, None),
    ],
)
def test_a_literal_secret_is_found_by_its_name_or_its_looks(stated, where):
    assert secret_in(stated) == where


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("https://user:pw@host/v1", "https://…@host/v1"),
        ("https://user:p/w@host/v1", "https://…@host/v1"),
        ("user:pw@host/v1", "…@host/v1"),
        ("postgresql+psycopg2://u:p@h/db", "postgresql+psycopg2://…@h/db"),
        ("s3://key:secret@bucket/x", "s3://…@bucket/x"),
        ("https://h/v1?key=abc&x=1", "https://h/v1?key=…&x=1"),
        ("{'Authorization': 'Bearer abc', 'x': 'y'}", "{'Authorization': '…', 'x': 'y'}"),
        ("Incorrect API key: sk-abcdefghijklmnopqrst.", "Incorrect API key: …"),
        ("write to me@uni.edu at 5:30, in basic words", "write to me@uni.edu at 5:30, in basic words"),
        ("model xai-org/grok-2-1212 not found", "model xai-org/grok-2-1212 not found"),
        ("sent X-Api-Key: abcdefgh to it", "sent X-Api-Key: … to it"),
        ("Server=x;Password=abc", "Server=x;Password=…"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
    ],
)
def test_secrets_are_hidden_in_messages(text, hidden):
    assert hide_secrets(text) == hidden


@pytest.mark.parametrize("piece", ["a:-", "http://a:", "a:b@", "eyJ-", "?a=", "bearer ", "basic a", "token=", "'a':"])
def test_long_texts_are_searched_in_little_time(piece):
    began = time.perf_counter()
    assert secret_in({"a": piece * 20000}) in (None, "a")
    assert len(hide_secrets(piece * 20000)) <= 8000
    assert time.perf_counter() - began < 3


def test_a_message_is_cut_before_a_secret_is_cut_in_two():
    assert "password" not in hide_secrets("x " * 990 + "https://me:password-of-mine@host/v1")


def test_a_setting_that_is_refused_is_repeated_without_its_password():
    class Some(Settings):
        database: str
        workers: int = 1

        @field_validator("database")
        @classmethod
        def _refused(cls, database: str) -> str:
            raise ValueError("No such database")

    with pytest.raises(StudyError, match=r"'database': no such database, not 'postgresql://…@host/ratings'"):
        Some.model_validate({"database": "postgresql://me:pass@host/ratings"})
    with pytest.raises(StudyError, match=r"'workers': .*, not 'http://…@host'"):
        Some.model_validate({"database": 5, "workers": "http://me:pass@host"})
