"""Proof links of the server; test_explaining.py has the page they open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gpt2 import proof
from tests.serving.conftest import Running, running

SETTINGS = {"max_tokens": 10, "temperature": 0.7, "top_k": 30, "top_p": 0.9, "seed": 4}


@pytest.fixture(scope="module")
def mini() -> Iterator[Running]:
    from gpt2.hub import resolve

    with running(resolve("gpt2-mini")) as found:
        yield found


def test_what_the_server_wrote_is_replayed_from_its_link(mini: Running) -> None:
    body = {"prompt": "Once upon a time", "echo": True, "logprobs": 1, **SETTINGS}
    choice = mini.client.post("/v1/completions", json=body).json()["choices"][0]
    asked = {"prompt": choice["prompt_token_ids"], "tokens": choice["token_ids"], **SETTINGS}
    answer = mini.client.post("/v1/proofs", json=asked).json()
    assert answer["link"].startswith("explain?in=browser&model=gpt2-mini#proof=")
    read = proof.read(answer["link"])
    found, text = proof.replay(read, model="gpt2-mini")
    assert found.same, found
    assert text == choice["text"]


def test_a_damaged_request_is_told(mini: Running) -> None:
    answer = mini.client.post("/v1/proofs", json={"prompt": [], "tokens": [1], **SETTINGS})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "prompt"
