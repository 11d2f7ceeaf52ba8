"""OpenAI's own client over every field: as it is, async and streamed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving.conftest import Running, running, tiny, tiny_folder
from tests.serving.test_completions import library
from tests.tiny import END

openai = pytest.importorskip("openai")
__all__ = ["tiny", "tiny_folder"]  # fixtures
pytestmark = pytest.mark.parity
ALL: dict[str, Any] = {
    "max_tokens": 5, "n": 2, "temperature": 0.9, "top_p": 0.9, "presence_penalty": 0.0,
    "frequency_penalty": 0.0, "logit_bias": {"5": -3}, "stop": ["狐"], "seed": 3, "user": "me",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tiny_folder: Any) -> Iterator[Running]:
    with running(tiny_folder) as found:
        yield found


@pytest.fixture
def client(server: Running) -> Any:
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


def test_completions(client: Any, tiny: Any) -> None:
    found = client.completions.create(model="tiny", prompt="The", echo=True, logprobs=3, best_of=2,
                                      **ALL)  # fmt: skip
    assert [choice.index for choice in found.choices] == [0, 1]
    logprobs = found.choices[0].logprobs
    assert logprobs.tokens[0] == "T" or logprobs.token_logprobs[0] is None
    assert len(logprobs.text_offset) == len(logprobs.tokens) == len(logprobs.top_logprobs)
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens
    plain = client.completions.create(model="tiny", prompt="The", seed=7, max_tokens=9)
    (ids,) = library(tiny, "The", seed=7, max_new_tokens=9)
    assert plain.choices[0].text == tiny.tokenizer.decode(ids, skip_special_tokens=True)
    more = client.completions.create(model="tiny", prompt=[[3], [4]], extra_body={"top_k": 1})
    assert len(more.choices) == 2


def test_streams(client: Any) -> None:
    whole = client.completions.create(model="tiny", prompt="The", logprobs=2, **ALL)
    usage = {"include_usage": True}
    chunks = list(client.completions.create(model="tiny", prompt="The", logprobs=2, stream=True,
                                            stream_options=usage, **ALL))  # fmt: skip
    assert chunks[-1].usage == whole.usage
    for choice in whole.choices:
        parts = [c for chunk in chunks for c in chunk.choices if c.index == choice.index]
        assert "".join(part.text for part in parts) == choice.text
        assert [t for part in parts for t in part.logprobs.tokens] == choice.logprobs.tokens


def test_chat_and_the_rest(client: Any) -> None:
    asked: dict[str, Any] = {"model": "tiny", "messages": [{"role": "user", "content": "The"}],
                             "logprobs": True, "top_logprobs": 2}  # fmt: skip
    whole = client.chat.completions.create(**asked, **ALL)
    chunks = list(client.chat.completions.create(**asked, **ALL, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks
                   if chunk.choices[0].index == 1)  # fmt: skip
    assert text == whole.choices[1].message.content
    assert len(whole.choices[0].logprobs.content[0].top_logprobs) == 2
    short = {key: value for key, value in ALL.items() if key != "max_tokens"}
    assert client.chat.completions.create(**asked, **short, max_completion_tokens=2).choices
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").id == "tiny"
    vectors = client.embeddings.create(model="tiny", input=["The", "fox"]).data  # as base64
    assert len(vectors[1].embedding) == 64
    assert vectors[0].embedding == pytest.approx(
        client.embeddings.create(model="tiny", input="The", encoding_format="float")
        .data[0].embedding
    )  # fmt: skip


def test_errors_are_the_clients_own(client: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="tiny", prompt="a", temperature=-1)
    assert (caught.value.param, caught.value.code) == ("temperature", "invalid_value")
    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="gpt-4", prompt="a")
    every = {"suppress_tokens": [*range(END + 1)]}
    stream = client.completions.create(model="tiny", prompt="a", stream=True, extra_body=every)
    with pytest.raises(openai.APIError, match="no token is left"):
        list(stream)


def test_async(server: Running, tiny: Any) -> None:
    async def run() -> list[str]:
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none") as client:

            async def one(seed: int) -> str:
                stream = await client.completions.create(model="tiny", prompt="The", seed=seed,
                                                         max_tokens=9, stream=True)  # fmt: skip
                return "".join([chunk.choices[0].text async for chunk in stream])

            return await asyncio.gather(*map(one, range(8)))

    rows = [library(tiny, "The", seed=seed, max_new_tokens=9)[0] for seed in range(8)]
    assert asyncio.run(run()) == [tiny.tokenizer.decode(r, skip_special_tokens=True) for r in rows]


def test_keys(tiny_folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_API_KEYS", "k" * 20)
    with running(tiny_folder) as server:
        client = openai.OpenAI(base_url=server.url + "/v1", api_key="k" * 20, max_retries=0)
        assert client.completions.create(model="tiny", prompt="a", max_tokens=1).choices
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="x" * 20).models.list()
