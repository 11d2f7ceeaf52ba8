"""Bodies of requests: what is no JSON, or JSON that two readers read differently."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import pytest

pytest.importorskip("starlette")

from pydantic import ValidationError
from starlette.requests import Request

from gpt2.serving import fields
from gpt2.serving.app import _read
from gpt2.serving.body import DEEPEST, _unique, parse
from gpt2.serving.errors import ApiError
from gpt2.serving.protocol import ChatRequest, CompletionRequest
from gpt2.serving.tasks import REQUESTS

DEEP = "[" * (DEEPEST + 1)


@pytest.mark.parametrize(
    ("text", "param"),
    [
        ('{"prompt": "a", "prompt": "b"}', "prompt"),
        ('{"logit_bias": {"1": 0, "1": 2}}', "1"),
        ('{"temperature": NaN}', "temperature"),
        ('{"temperature": -Infinity}', "temperature"),
        ('{"temperature": 1e400}', "temperature"),
        ('{"stream_options": {"a": [1e999]}}', "stream_options"),
        ('{"seed": ' + "9" * 5000 + "}", "seed"),
        ('{"prompt": "\\ud83d"}', "prompt"),
        ('{"stop": ["a", "\\udc00"]}', "stop"),
        ('{"logit_bias": {"\\ud800": 1}}', "logit_bias"),
        ('{"n": 1, "prompt": ' + DEEP + "]" * (DEEPEST + 1) + "}", "prompt"),
        ('{"prompt": ' + "[" * 100_000, "prompt"),
        ('{"prompt": "[[[[", "x": ' + '{"a":' * 100_000, "x"),
        ("[]", None),
        ("", None),
        ("null", None),
        ('{"a": 1} x', None),
        ("{'a': 1}", None),
    ],
)
def test_it_is_refused_and_the_field_named(text: str, param: str | None) -> None:
    with pytest.raises(ApiError) as caught:
        parse(text.encode())
    assert (caught.value.status, caught.value.param) == (400, param)
    assert len(str(caught.value)) < 300


def test_bytes_that_are_no_text() -> None:
    for data in (b'{"a": "\xff"}', '{"a": 1}'.encode("utf-16")):
        with pytest.raises(ApiError):
            parse(data)


def test_what_is_well_comes_through() -> None:
    assert parse('{"a": [1, -2.5e3, "狐\\ud83e\\udd8a", null, {"b": [[]]}]}'.encode()) == {
        "a": [1, -2500.0, "狐🦊", None, {"b": [[]]}]
    }
    assert parse(b'{"a": "[[[[\\"' + b"[" * 500 + b'"}')["a"].endswith("[[[")


class Key(str):
    """A key that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Key.compared += 1
        return str.__eq__(self, other)


def test_a_repeated_key_among_many_takes_no_quadratic_time() -> None:
    pairs = [(Key(i), 0) for i in [*range(1000), 999]]
    with pytest.raises(ApiError, match="'999'"):
        _unique(pairs)
    assert Key.compared < 100


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (ChatRequest, {"messages": [1] * 1000}),
        (ChatRequest, {"messages": [{"role": "user", "content": [{}] * 1000}]}),
        (CompletionRequest, {"prompt": [[1.5] * 9] * 1000}),
        (CompletionRequest, {"prompt": "", "stop": [1] * 1000, "bad_words_ids": [[""]] * 1000}),
        (REQUESTS["translate"], {"text": "", "examples": [[1, 2]] * 1000}),
    ],
)
def test_of_a_list_only_the_first_error_is_kept(model: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    assert caught.value.error_count() < 10
    with pytest.raises(ApiError):
        fields.read(model, values)


def heard(pieces: int, size: int, limit: int, *headers: tuple[bytes, bytes]) -> tuple[int, bytes]:
    """The body; or of one that is too large the most memory that it took, 0 if not heard out."""
    left = iter(range(pieces - 1, -1, -1))

    async def receive() -> Any:
        n = next(left)
        return {"type": "http.request", "body": b"x" * size, "more_body": n > 0}

    request = Request({"type": "http", "method": "POST", "headers": list(headers)}, receive)
    tracemalloc.start()
    try:
        return 0, asyncio.run(_read(request, limit))
    except ApiError:
        return tracemalloc.get_traced_memory()[1] * (next(left, None) is None), b""
    finally:
        tracemalloc.stop()


def test_nothing_is_kept_of_a_body_that_is_too_large() -> None:
    size, limit = 1 << 14, 1 << 21
    said = (b"content-length", str(256 * size).encode())
    peak, _ = heard(256, size, limit, said)
    assert 0 < peak < 1 << 18
    peak, _ = heard(256, size, limit)  # in chunks: known to be too large only then
    assert 0 < peak < 2 * limit
    assert heard(4, 10, 40) == (0, b"x" * 40)
    assert heard(4, 10, 40, (b"content-length", b"40")) == (0, b"x" * 40)
