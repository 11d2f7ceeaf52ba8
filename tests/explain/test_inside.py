"""What the page shows are the engine's own numbers: its modules in node beside the native core."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.explain.conftest import needs_core, needs_node

pytestmark = [needs_core, needs_node]
TEXT = "Once upon a time, there was a little dog. 小狗很高兴。The little"
SETTINGS = {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "seed": 3}
NOTHING: dict[str, list[int]] = {"heads": [], "mlps": [], "positions": []}


def seen(model: Any, ids: list[int]) -> tuple[dict[str, Any], Any]:
    """Every point of a pass, by name, and all logits."""
    points: dict[str, Any] = {}

    def tap(name: str, x: Any) -> None:
        points[name] = x[0].copy()

    with model.tapped(tap):
        logits = model.extend(model.new_cache(1), [ids], logits="all")
    return points, np.asarray(logits)


@pytest.fixture(scope="module")
def ids(model: Any) -> list[int]:
    return list(model.tokenizer.encode(TEXT))


def test_tokens_surprise_and_maps(model: Any, ids: list[int], ask: Callable[..., Any]) -> None:
    layer, head, t = 3, 2, 7
    read, found, map_, next_ = ask(
        ("read", {"text": TEXT}),
        ("shades", {}),
        ("head", {"layer": layer, "head": head}),
        ("next", {"t": t, "settings": SETTINGS}),
    )
    points, logits = seen(model, ids)
    assert read["ids"] == ids
    assert found["done"]
    logprobs = logits - np.logaddexp.reduce(logits.astype(np.float64), axis=-1, keepdims=True)
    bits = -logprobs[np.arange(len(ids) - 1), ids[1:]] / np.log(2)
    assert found["bits"][0] is None
    assert np.allclose(found["bits"][1:], bits, atol=1e-4)
    entropy = -(np.exp(logprobs) * logprobs).sum(-1) / np.log(2)
    assert np.allclose(found["entropy"], entropy, atol=1e-4)
    pattern = points[f"h.{layer}.attn.pattern"]
    assert np.array_equal(np.float32(map_), pattern[head].ravel())
    assert np.allclose(found["kinds"]["previous"][layer * 5 + head],
                       np.diagonal(pattern[head], -1)[1:].mean(), atol=1e-6)  # fmt: skip
    for bar in next_["bars"]:
        assert bar["logit"] == logits[t, bar["id"]]
        assert np.isclose(bar["logprob"], logprobs[t, bar["id"]], atol=1e-5)
    assert [bar["id"] for bar in next_["bars"]] == list(np.argsort(-logits[t], kind="stable")[:12])


def test_a_text_that_goes_on_is_read_from_there(ask: Callable[..., Any]) -> None:
    """The same to the bit as read whole: longer, shorter, changed in the middle, with parts off."""
    before = ["Once upon a time, there was", TEXT[:30], TEXT + " dog ran away.", "Once upon"]
    t = {"t": 7, "settings": SETTINGS}
    read = {"text": TEXT}
    questions: list[Any] = [
        ("digest", {}), ("shades", {}), ("head", {"layer": 2, "head": 1}), ("next", t),
        ("lens", {"t": 7, "token": 9}), ("sources", {"t": 7, "token": 9}), ("read", read),
        ("read", {**read, "off": {**NOTHING, "mlps": [2]}}), ("digest", {}), ("shades", {}),
    ]  # fmt: skip
    whole = ask(("read", {"text": TEXT}), *questions)
    for count in range(1, len(before) + 1):
        reads = [(name, {"text": text}) for text in before[:count] for name in ("read", "shades")]
        assert ask(*reads, ("read", {"text": TEXT}), *questions)[len(reads) :] == whole


def test_the_shades_of_a_long_text_come_in_slices(model: Any, ask: Callable[..., Any]) -> None:
    text = TEXT * 9
    asked = [("read", {"text": text}), *[("shades", {})] * 2, ("read", {"text": text + " dog"})]
    found = ask(*asked, *[("shades", {})] * 2)
    assert [one["done"] for one in found[1:3]] == [False, True]
    assert [one["done"] for one in found[4:]] == [True, True]  # only the new token was left
    logits = seen(model, list(model.tokenizer.encode(text)))[1].astype(np.float64)
    logprobs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    for last in (found[2], found[4]):
        entropy = -(np.exp(logprobs) * logprobs).sum(-1) / np.log(2)
        assert np.allclose(last["entropy"][: len(logits) - 1], entropy[:-1], atol=1e-4)


def test_draws_and_shares_are_those_of_generate(
    model: Any, ids: list[int], ask: Callable[..., Any]
) -> None:
    t = 5
    next_ = ask(("read", {"text": TEXT}), ("next", {"t": t, "settings": SETTINGS}))[1]
    texts = model.generate(ids[: t + 1], max_new_tokens=1, do_sample=True, **SETTINGS,
                           num_return_sequences=100)  # fmt: skip
    drawn = [int(text[-1]) for text in texts]
    shown = {bar["id"]: bar["drawn"] for bar in next_["bars"]}
    assert {id_: drawn.count(id_) for id_ in shown} == shown
    assert next_["others"] == sum(id_ not in shown for id_ in drawn)
    assert sum(bar["share"] for bar in next_["bars"]) <= 1 + 1e-9


def test_the_lens_is_norm_and_head_of_each_stream(
    model: Any, ids: list[int], ask: Callable[..., Any]
) -> None:
    from gpt2.checkpoint import read_checkpoint
    from gpt2.hub import resolve

    weights = read_checkpoint(resolve("gpt2-mini")).tensors
    t, token = len(ids) - 1, ids[3]
    lens = ask(("read", {"text": TEXT}), ("lens", {"t": t, "token": token}))[1]
    points, logits = seen(model, ids)
    streams = [points["embed"]]
    for layer in range(6):
        streams += [streams[-1] + points[f"h.{layer}.attn"], points[f"h.{layer}"]]
    assert len(lens) == len(streams)
    for row, stream in zip(lens, streams, strict=True):
        x = stream[t].astype(np.float64)
        x = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
        x = x * weights["transformer.ln_f.weight"] + weights["transformer.ln_f.bias"]
        wanted = x @ weights["transformer.wte.weight"].T
        wanted -= np.logaddexp.reduce(wanted)
        assert abs(row["logprob"] - wanted[token]) < 0.15  # int8 rounds the head's input
        assert row["top"][0]["logprob"] <= wanted.max() + 0.15
    last = logits[t] - np.logaddexp.reduce(logits[t].astype(np.float64))
    assert [one["id"] for one in lens[-1]["top"]] == list(np.argsort(-logits[t])[:3])
    assert np.isclose(lens[-1]["logprob"], last[token], atol=1e-5)
    assert lens[-1]["rank"] == 1 + (logits[t] > logits[t, token]).sum()


def test_sources_sum_to_the_logit_and_a_heads_to_its_own(
    ids: list[int], ask: Callable[..., Any]
) -> None:
    t, token, other = len(ids) - 1, 1013, 500
    for question in ({"t": t, "token": token}, {"t": t, "token": token, "other": other}):
        found = ask(("read", {"text": TEXT}), ("sources", question))[1]
        parts = found["parts"]
        assert np.isclose(sum(part["value"] for part in parts), found["logit"], atol=1e-4)
        rest = next(part for part in parts if part["part"] == "rest")
        whole = sum(abs(part["value"]) for part in parts)
        assert abs(rest["value"]) < 0.25 * whole
        for part in parts:
            if part["part"] == "head":
                assert np.isclose(sum(part["from"]), part["value"], atol=0.02)


def test_what_is_off_is_what_ablate_leaves_out(
    model: Any, ids: list[int], ask: Callable[..., Any]
) -> None:
    off = {"heads": [2 * 5 + 1, 4 * 5], "mlps": [3], "positions": [4]}
    t = len(ids) - 1
    next_ = ask(("read", {"text": TEXT, "off": off}), ("next", {"t": t, "settings": SETTINGS}))[1]
    with model.ablate(heads=[(2, 1), (4, 0)], mlps=[3], positions=[4]):
        _, logits = seen(model, ids)
    assert next_["changed"]
    for bar in next_["bars"]:
        assert bar["logit"] == logits[t, bar["id"]]


@pytest.mark.parametrize(
    "off",
    [
        {"heads": [2 * 5 + 1, 4 * 5], "mlps": [3], "positions": []},
        {"heads": [], "mlps": [5], "positions": []},
        {"heads": [9], "mlps": [0], "positions": [2]},
        {"heads": [], "mlps": [], "positions": [14, 9]},
        {"heads": [], "mlps": [], "positions": [0]},
    ],
)
def test_what_is_below_the_first_part_off_is_not_computed_again(
    model: Any, ids: list[int], ask: Callable[..., Any], off: dict[str, list[int]]
) -> None:
    """The same bits in every layer, also where the text goes on with parts off."""
    read, head = {"text": TEXT, "off": off}, {"layer": 4, "head": 3}
    before = [("read", {"text": TEXT[:20], "off": off}), ("read", {"text": TEXT[:40], "off": off})]
    heads = [divmod(i, 5) for i in off["heads"]]
    with model.ablate(heads=heads, mlps=off["mlps"], positions=off["positions"]):
        points, logits = seen(model, ids)
    for first in ([], before):
        asked = (
            *first,
            ("read", read),
            ("digest", {}),
            ("head", head),
            ("head", {**head, "layer": 0}),
        )
        digest, *maps = ask(*asked)[-3:]
        assert digest == hashlib.sha256(np.ascontiguousarray(logits).tobytes()).hexdigest()
        for layer, map_ in zip((4, 0), maps, strict=True):
            wanted = points[f"h.{layer}.attn.pattern"][3]
            assert np.array_equal(np.float32(map_), wanted.ravel())


def test_a_pair_taken_apart_gives_its_weight(
    model: Any, ids: list[int], ask: Callable[..., Any]
) -> None:
    layer, head, t, s = 1, 4, 9, 3
    _, pair = ask(
        ("read", {"text": TEXT}), ("pair", {"layer": layer, "head": head, "t": t, "s": s})
    )
    points, _ = seen(model, ids)
    assert np.array_equal(np.float32(pair["query"]), points[f"h.{layer}.attn.q"][head, t])
    assert np.array_equal(np.float32(pair["key"]), points[f"h.{layer}.attn.k"][head, s])
    score = points[f"h.{layer}.attn.scores"][head, t, s]
    assert np.isclose(sum(pair["products"]) * pair["scale"], score, rtol=2e-3, atol=2e-3)
    assert np.float32(pair["weights"][s]) == points[f"h.{layer}.attn.pattern"][head, t, s]


def test_patching_the_last_stream_gives_the_other_text(ask: Callable[..., Any]) -> None:
    one, two = "The dog ran to the", "The cat sat on the"
    found = ask(("read", {"text": one}), ("patches", {"text": two, "where": "stream"}))[1]
    differences = np.array(found["differences"]).reshape(found["L"], found["T"])
    assert np.isclose(differences[-1, -1], found["to"], atol=1e-5)
    assert np.isclose(differences[-1, 0], found["from"], atol=1e-5)
    counts = ask(("read", {"text": one}), ("patches", {"text": "The", "where": "mlp"}))[1]
    assert counts == {"counts": [5, 1]}


@pytest.mark.parametrize("settings", [SETTINGS, SETTINGS | {"temperature": 0}])
def test_it_writes_what_generate_writes(
    model: Any, ids: list[int], ask: Callable[..., Any], settings: dict[str, Any]
) -> None:
    found = ask(("write", {"ids": ids, "count": 40, "settings": settings}))[0]
    how = {"do_sample": False} if settings["temperature"] == 0 else {"do_sample": True, **settings}
    new = model.generate([ids], max_new_tokens=40, **how)[0][len(ids) :]
    assert found["ids"] == list(new)
    text = b"".join(model.tokenizer.token_bytes(int(id_)) for id_ in new)
    assert found["sha256"] == hashlib.sha256(text).hexdigest()
