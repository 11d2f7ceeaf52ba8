"""Proof links of the server; test_explaining.py has the page they open."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gpt2 import proof
from gpt2.cli.replay import command
from gpt2.explain.contents import contents_of
from gpt2.hub import resolve
from tests.explain.conftest import in_node, needs_core, needs_node
from tests.serving.conftest import Running, running
from tests.tiny import END, write_tiny

SETTINGS = {"max_tokens": 10, "temperature": 0.7, "top_k": 30, "top_p": 0.9, "seed": 4}


@pytest.fixture(scope="module")
def mini() -> Iterator[Running]:
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


def test_the_link_of_a_stopped_text_is_of_what_was_written(mini: Running) -> None:
    asked: dict[str, Any] = {"prompt": [3, 4, 5], **SETTINGS}
    whole = mini.ask(**asked)["choices"][0]["token_ids"]
    assert len(whole) == SETTINGS["max_tokens"]
    link = mini.ask("/v1/proofs", **asked, tokens=whole[:4])["link"]
    assert proof.replay(proof.read(link), model="gpt2-mini")[0].same
    ended = [*whole[:4], mini.state.models.all[0].start]
    link = mini.ask("/v1/proofs", **asked, tokens=ended)["link"]
    assert proof.read(link).settings["count"] == SETTINGS["max_tokens"]  # nobody stopped it


@pytest.mark.parametrize("tokens", [[], [3] * 11, [10**6], [-1]])
def test_tokens_that_the_request_cannot_have_written(mini: Running, tokens: list[int]) -> None:
    asked = {"prompt": [3], "tokens": tokens, **SETTINGS}
    assert mini.refused("/v1/proofs", **asked) == (400, "invalid_value", "tokens")


def test_with_keys_the_link_is_a_fragment_that_needs_no_page(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("0123456789abcdef\n")
    with running(resolve("gpt2-mini"), api_keys=str(tmp_path / "keys")) as found:
        found.client.headers["Authorization"] = "Bearer 0123456789abcdef"
        body = {"prompt": "Once", "echo": True, "logprobs": 1, **SETTINGS}
        choice = found.client.post("/v1/completions", json=body).json()["choices"][0]
        asked = {"prompt": choice["prompt_token_ids"], "tokens": choice["token_ids"], **SETTINGS}
        link = found.client.post("/v1/proofs", json=asked).json()["link"]
    assert link.startswith("#proof=")
    done = CliRunner().invoke(command, [link, "--model", "gpt2-mini"])
    assert done.exit_code == 0, done.output
    assert choice["text"].strip() in done.output


def test_without_a_page_in_the_browser_the_link_is_a_fragment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny(tmp_path / "model")
    monkeypatch.setattr("gpt2.explain.contents.LARGEST", 1000)  # bytes
    with running(tmp_path / "model", loading={"dtype": "int8"}) as found:
        asked = {"prompt": [3], "tokens": [4], "max_tokens": 1}
        assert found.ask("/v1/proofs", **asked)["link"].startswith("#proof=")
        assert found.ask("/v1/explain", ask="facts")["inBrowser"] is None


@needs_core
@needs_node
@pytest.mark.parametrize("options", [{}, {"repetition_penalty": 1.7, "eos_token_id": [END, 5]}])
def test_the_page_of_a_link_writes_the_text_in_the_served_precision_with_the_models_options(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    write_tiny(tmp_path / "model", vocab_size=END + 1)
    (tmp_path / "model/generation_config.json").write_text(json.dumps(options))
    with running(tmp_path / "model", loading={"dtype": "int4", "kv_dtype": "fp32"}) as found:
        asked: dict[str, Any] = {"prompt": [3, 4, 5], **SETTINGS}
        tokens = found.ask(**asked)["choices"][0]["token_ids"]
        link = found.ask("/v1/proofs", **asked, tokens=tokens)["link"]
        page = found.client.get("/" + link.partition("#")[0]).text
        settings = {name: SETTINGS[name] for name in proof.SETTINGS if name in SETTINGS}
        at_end: dict[str, Any] = {"t": 2, "settings": settings, "extra": [5, END]}
        next_ = found.ask("/v1/explain", ask="next", ids=asked["prompt"], **at_end)
    read = proof.read(link)
    assert proof.replay(read, model=tmp_path / "model")[0].same
    assert read.dtype == ["int4", "int8", "fp32"]
    parts = {"core": data(page, 'id="core"'), "weights": data(page, 'class="piece"[^>]*')}
    for name, text in parts.items():
        (tmp_path / name).write_bytes(base64.b64decode(text))
    (tmp_path / "merges").write_text(json.loads(data(page, 'id="merges"')), "utf-8")
    question = {"ids": read.prompt, "count": read.settings["count"], "settings": settings}
    facts = json.loads(data(page, 'id="facts"'))
    assert [facts[kind] for kind in ("dtype", "headDtype", "kvDtype")] == read.dtype
    questions = [("write", question), ("read", {"ids": read.prompt}), ("next", at_end)]
    asked = {"facts": facts, "asked": questions}
    files = [tmp_path / name for name in ("core", "weights", "merges")]
    written, _, here = in_node("ask.mjs", *files, asked=asked)
    assert written["sha256"] == read.text
    assert here["others"] == next_["others"]
    assert [bar["drawn"] for bar in here["bars"]] == [bar["drawn"] for bar in next_["bars"]]
    shares = [[bar["share"] for bar in one["bars"]] for one in (here, next_)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-6)


def test_a_model_with_options_that_a_page_lacks_has_no_page_and_a_link_for_replay(
    tmp_path: Path,
) -> None:
    write_tiny(tmp_path / "model")
    options = {"min_p": 0.1, "suppress_tokens": [3], "temperature": 0.7, "num_beams": 4}
    (tmp_path / "model/generation_config.json").write_text(json.dumps(options))
    facts = contents_of(tmp_path / "model").facts
    assert (facts["ignored"], facts["provable"]) == (["min_p", "suppress_tokens"], False)
    with running(tmp_path / "model", loading={"dtype": "int8"}) as found:
        asked = {"prompt": [3], "tokens": [4], "max_tokens": 1}
        assert found.ask("/v1/proofs", **asked)["link"].startswith("#proof=")
        assert "provable" not in found.ask("/v1/explain", ask="facts")


def data(page: str, element: str) -> str:
    """What a page holds for its scripts in elements of a kind."""
    return "".join(re.findall(rf"<script type=\S+ {element}>(.*?)</script>", page))


def test_a_damaged_request_is_told(mini: Running) -> None:
    answer = mini.client.post("/v1/proofs", json={"prompt": [], "tokens": [1], **SETTINGS})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "prompt"
