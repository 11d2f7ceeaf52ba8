"""What the server tells of a model's inside is what a page tells that computes itself."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpt2
from gpt2.hub import resolve
from tests.explain.conftest import ask, contents, model, needs_core, needs_node
from tests.serving.conftest import Running, running
from tests.tiny import write_tiny

__all__ = ["ask", "contents", "model"]  # fixtures
TEXT = "Once upon a time, there was a little dog. 小狗很高兴。The little"
OTHER = "Once upon a time, there was a little cat. 小狗很高兴。The little"
SETTINGS = {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "seed": 3}
OFF = {"heads": [2 * 5 + 1, 4 * 5], "mlps": [3], "positions": [4]}
T, D = 7, 500
QUESTIONS = [
    ("next", {"t": T, "settings": SETTINGS, "extra": [D]}),
    ("next", {"t": 3, "settings": SETTINGS | {"temperature": 0}}),
    ("next", {"t": 3, "settings": {"temperature": 1, "top_k": 0, "top_p": 1, "seed": 9}}),
    ("head", {"layer": 3, "head": 2}),
    ("pair", {"layer": 1, "head": 4, "t": 9, "s": 3}),
    ("lens", {"t": T, "token": D}),
    ("sources", {"t": T, "token": D}),
    ("sources", {"t": T, "token": D, "other": 300}),
]


@pytest.fixture(scope="module")
def mini() -> Iterator[Running]:
    with running(resolve("gpt2-mini")) as found:
        yield found


@pytest.fixture(scope="module")
def ids(model: Any) -> list[int]:
    return list(model.tokenizer.encode(TEXT))


def answered(mini: Running, ask: str, **more: Any) -> Any:
    return revived(mini.ask("/v1/explain", ask=ask, **more))


def revived(value: Any) -> Any:
    if isinstance(value, dict):
        if "f4" in value:
            return np.frombuffer(base64.b64decode(value["f4"]), "<f4").tolist()
        return {name: revived(one) for name, one in value.items()}
    return [revived(one) for one in value] if isinstance(value, list) else value


def same(one: Any, other: Any, path: str = "") -> None:
    """Numbers within rounding; what only one side has is not drawn."""
    if isinstance(one, dict):
        for name in one.keys() & other.keys():
            same(one[name], other[name], f"{path}.{name}")
        assert one.keys() - other.keys() <= {"from", "norm", "constant"}, path
    elif isinstance(one, list):
        assert len(one) == len(other), path
        for i, pair in enumerate(zip(one, other, strict=True)):
            same(*pair, f"{path}[{i}]")
    elif isinstance(one, float) or isinstance(other, float):
        nothing = one is None and np.isnan(other)
        assert nothing or np.isclose(one, other, rtol=1e-4, atol=2e-4), (path, one, other)
    else:
        assert one == other, path


@needs_core
@needs_node
@pytest.mark.parametrize("off", [None, OFF])
def test_the_answers_are_the_pages(
    mini: Running, ids: list[int], ask: Callable[..., Any], off: Any
) -> None:
    whole, shades, *there = ask(("read", {"text": TEXT, "off": off}), ("shades", {}), *QUESTIONS)
    read = answered(mini, "read", text=TEXT, off=off)
    assert shades.pop("done")
    whole |= shades
    maps = [np.array(one["thumbs"].pop("values")) for one in (whole, read)]
    assert np.abs(maps[0] - maps[1]).max() <= 1 / 510 + 1e-6  # they come in bytes
    assert whole.keys() == read.keys()
    same(whole, read)
    for (name, asked), wanted in zip(QUESTIONS, there, strict=True):
        same(wanted, answered(mini, name, ids=ids, off=off, **asked), name)


@needs_core
@needs_node
def test_so_are_patches_and_what_is_written(
    mini: Running, ids: list[int], ask: Callable[..., Any]
) -> None:
    asked = {"ids": ids, "count": 12, "settings": SETTINGS}
    patch = {"text": OTHER, "where": "attn"}
    _, patched, written, less = ask(
        ("read", {"text": TEXT}),
        ("patches", patch),
        ("write", asked),
        ("write", {**asked, "off": OFF}),
    )
    same(patched, answered(mini, "patches", ids=ids, **patch))
    found = answered(mini, "write", **asked)
    assert found["sha256"] == written["sha256"]
    assert found["ids"] == written["ids"]
    assert answered(mini, "write", **asked, off=OFF)["ids"] == less["ids"]
    assert less["ids"] != written["ids"]
    short = answered(mini, "patches", ids=ids, text="The", where="mlp")
    assert short == {"counts": [len(ids), 1]}


def test_a_text_is_written_to_the_end_of_the_context_and_counted(tmp_path: Path) -> None:
    """A proof of many tokens is checked by writing them all."""
    write_tiny(tmp_path / "model", n_positions=128, eos_token_id=None)
    model: Any = gpt2.load(tmp_path / "model")
    (want,) = model.generate([[3, 4]], max_new_tokens=127, do_sample=True, **SETTINGS)
    with running(tmp_path / "model", tokens_per_minute=100) as server:
        asked = {"ask": "write", "ids": [3, 4], "count": 1000, "settings": SETTINGS}
        assert answered(server, **asked)["ids"] == list(want[2:])
        assert server.refused("/v1/explain", **asked)[:2] == (429, "rate_limit_exceeded")


def test_nobodys_head_is_switched_off_by_another(mini: Running, ids: list[int]) -> None:
    asked = {"prompt": ids, "max_tokens": 8, "temperature": 0}
    before = mini.ask(**asked)["choices"][0]["text"]
    plain = answered(mini, "next", ids=ids, t=T, settings=SETTINGS)
    everything = {"heads": list(range(30)), "mlps": list(range(6)), "positions": []}
    off = answered(mini, "next", ids=ids, t=T, settings=SETTINGS, off=everything)
    assert off["bars"] != plain["bars"]
    assert mini.ask(**asked)["choices"][0]["text"] == before
    assert answered(mini, "next", ids=ids, t=T, settings=SETTINGS) == plain


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"ask": "head", "layer": 6, "head": 0}, "layer"),
        ({"ask": "head", "layer": 0, "head": -1}, "head"),
        ({"ask": "head", "layer": 0}, "head"),
        ({"ask": "lens", "t": 5, "token": 1}, "t"),
        ({"ask": "lens", "t": 0, "token": 10**6}, "token"),
        ({"ask": "pair", "layer": 0, "head": 0, "t": 1, "s": 2}, "s"),
        ({"ask": "next", "t": 0, "settings": SETTINGS, "extra": [-1]}, "extra"),
        ({"ask": "next", "t": 0, "settings": SETTINGS, "off": {"heads": [30]}}, "off"),
        ({"ask": "read", "ids": [10**6]}, "ids"),
        ({"ask": "head", "layer": 0, "head": 0, "ids": []}, "ids"),
        ({"ask": "write", "settings": SETTINGS, "count": 3, "ids": [1] * 2000}, "ids"),
        ({"ask": "all"}, "ask"),
    ],
)
def test_what_is_not_there_is_told(mini: Running, asked: dict[str, Any], param: str) -> None:
    status, _, told = mini.refused("/v1/explain", **{"ids": [5, 6, 7], **asked})
    assert status == 400
    assert told.startswith(param)


def test_parts_off_that_are_not_there_are_told(mini: Running) -> None:
    for off in ({"mlps": [6]}, {"positions": [5000]}):
        status, _, _ = mini.refused("/v1/explain", ask="read", text=TEXT, off=off)
        assert status == 400


def test_a_patch_of_too_many_places_is_refused(mini: Running, model: Any) -> None:
    text = "The dog ran. " * 60
    ids = list(model.tokenizer.encode(text))
    assert len(ids) * 6 > 1024
    status, _, _ = mini.refused("/v1/explain", ask="patches", ids=ids, text=text, where="mlp")
    assert status == 400


@needs_core
def test_the_page_of_the_server_and_that_of_the_browser(mini: Running) -> None:
    here = mini.client.get("/explain")
    assert here.status_code == 200
    assert "connect-src 'self'" in here.headers["content-security-policy"]
    assert 'class="piece"' not in here.text
    facts = answered(mini, "facts")
    assert facts["inBrowser"] == "explain?in=browser&model=gpt2-mini"
    assert "provable" not in facts
    there = mini.client.get("/explain?in=browser&model=gpt2-mini")
    assert "connect-src" not in there.headers["content-security-policy"]
    assert 'class="piece"' in there.text
    assert "fetch(" not in there.text
    assert mini.client.get("/explain?in=browser&model=none").status_code == 404
    assert mini.refused("/v1/explain", ask="facts", model="none")[0] == 404


def test_facts_and_weights_are_sent_to_those_with_a_key(tmp_path: Path) -> None:
    """The page itself is the same for every model, so it tells nothing of this one."""
    keys = tmp_path / "keys"
    keys.write_text("0123456789abcdef\n")
    with running(resolve("gpt2-mini"), api_keys=str(keys)) as found:
        page = found.client.get("/explain")
        assert page.status_code == 200
        assert page.content == found.client.get("/explain?model=none").content
        assert '<script type="application/json" id="facts">{"kind": "server"}</script>' in page.text
        assert found.post("/v1/explain", ask="facts").status_code == 401
        holder = {"Authorization": "Bearer 0123456789abcdef"}
        asked = {"json": {"ask": "facts"}, "headers": holder}
        facts = found.client.post("/v1/explain", **asked).json()
        assert facts["name"] == "gpt2-mini"
        assert facts["inBrowser"] is None  # a link cannot carry a key
        assert found.client.get("/explain?in=browser", headers=holder).status_code == 200
        assert found.client.get("/explain?in=browser").status_code == 401
        assert found.post("/v1/explain", ask="read", text="a").status_code == 401
