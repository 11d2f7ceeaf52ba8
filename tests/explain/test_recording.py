"""What a page shows of a recorded text is in `gpt2.trace`: the page in node beside the trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpt2
from gpt2.checkpoint.mapped import write_safetensors
from gpt2.errors import InputError, OptionError
from gpt2.explain.contents import contents_of
from gpt2.explain.recorded import ERROR, LARGEST, WHOLE, record
from gpt2.explain.recording import recording
from tests.explain.conftest import in_node, needs_node

TEXT = "Once upon a time, there was a little dog. 小狗很高兴。The little"
LONG = " ".join(["Once upon a time there was a little dog, who ran to the big tree."] * 12)
HEADS = [(1, 4), (3, 2)]
L, H, D = 6, 5, 320
SETTINGS = {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "seed": 3}
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ids(model: Any) -> list[int]:
    return list(model.tokenizer.encode(TEXT))


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Asks the page's recording of `TEXT`, or of another: ``ask(*questions, text=...)``."""
    folder, made = tmp_path_factory.mktemp("recorded"), dict[str, Any]()

    def asked(*questions: tuple[str, Any], text: str = TEXT) -> Any:
        if text not in made:
            made[text] = contents_of("gpt2-mini", text=text, record=True, heads=HEADS)
            (folder / str(len(made))).write_bytes(made[text].files[0])
        path = folder / str(list(made).index(text) + 1)
        facts = made[text].facts
        return in_node("recorded.mjs", path, asked={"facts": facts, "asked": questions})

    return asked


def prefixes(model: Any, ids: list[int]) -> list[Any]:
    """A trace of the text up to each token: what is after it depends on nothing later."""
    return [gpt2.trace(model, ids[: t + 1], k=3) for t in range(len(ids))]


@needs_node
def test_each_value_that_is_drawn_is_in_the_trace(model: Any, ids: list[int], ask: Ask) -> None:
    T = len(ids)
    traces = prefixes(model, ids)
    whole = traces[-1]
    questions = [("read", {}), *(("head", {"layer": i, "head": j}) for i, j in np.ndindex(L, H))]
    read, *maps = ask(*questions)
    assert read["ids"] == ids
    assert [bytes(one["bytes"]) for one in read["tokens"]] == [
        model.tokenizer.token_bytes(i) for i in ids
    ]
    np.testing.assert_allclose(read["bits"][1:], whole.surprise[1:] / np.log(2), rtol=1e-6)
    np.testing.assert_allclose(read["entropy"], whole.entropy / np.log(2), rtol=1e-6)
    shown = np.array(maps).reshape(L, H, T, T)
    assert np.abs(shown - whole.attention).max() <= ERROR + 1e-7
    thumbs = np.array(read["thumbs"]["values"]).reshape(L, H, T, T)  # a text of under 24 tokens
    assert np.abs(thumbs - whole.attention).max() <= ERROR + 1e-7
    diagonal = np.diagonal(whole.attention, -1, axis1=2, axis2=3)[..., 1:].mean(-1)
    np.testing.assert_allclose(read["kinds"]["previous"], diagonal.ravel(), atol=1e-6)
    first = whole.attention[:, :, 2:, 0].mean(-1)
    np.testing.assert_allclose(read["kinds"]["first"], first.ravel(), atol=1e-6)


@needs_node
def test_so_is_each_that_is_drawn_of_a_token(model: Any, ids: list[int], ask: Ask) -> None:
    traces = prefixes(model, ids)
    asked = [{"t": t} for t in range(len(ids))]
    lenses = ask(*(("lens", one) for one in asked))
    alone = ask(*(("sources", one) for one in asked))
    against = ask(*(("sources", {**one, "other": 1}) for one in asked))
    for t, found in enumerate(traces):
        for state, row in enumerate(lenses[t]):
            assert [one["id"] for one in row["top"]] == found.lens.ids[state, t].tolist()
            logprobs = [one["logprob"] for one in row["top"]]
            np.testing.assert_allclose(logprobs, found.lens.logprobs[state, t], rtol=1e-6)
            assert row["rank"] == found.lens.rank[state, t] + 1
        shares = found.contributions
        check_sources(alone[t], {name: x[..., 0] for name, x in vars(shares).items()})
        check_sources(against[t], shares.difference())


def check_sources(shown: Any, shares: dict[str, Any]) -> None:
    assert np.isclose(shown["logit"], shares["logits"], atol=1e-5)
    rest = shares["attention_bias"].sum() + shares["ln_f_bias"] + shares["rounding"]
    wanted: dict[tuple[Any, ...], Any]
    wanted = {("token",): shares["token"], ("position",): shares["position"], ("rest",): rest}
    wanted |= {("head", *at): shares["heads"][at] for at in np.ndindex(L, H)}
    wanted |= {("mlp", layer): shares["mlps"][layer] for layer in range(L)}
    found = {
        tuple(part[name] for name in ("part", "layer", "head") if name in part): part["value"]
        for part in shown["parts"]
    }
    assert found.keys() == wanted.keys()
    for part, value in found.items():
        assert np.isclose(value, wanted[part], atol=1e-4), part


@needs_node
def test_the_next_words_are_the_models_under_any_settings(
    model: Any, ids: list[int], ask: Ask
) -> None:
    logits = np.asarray(model.extend(model.new_cache(1), [ids], logits="all"), np.float64)
    t = 6
    for settings in (
        {"temperature": 1, "top_k": 0, "top_p": 1},
        {"temperature": 0.35, "top_k": 0, "top_p": 1},
        SETTINGS,
        {"temperature": 1.5, "top_k": 7, "top_p": 0.5},
        {"temperature": 0, "top_k": 0, "top_p": 1},
    ):
        (found,) = ask(("next", {"t": t, "settings": settings}))
        order = np.argsort(-logits[t], kind="stable")
        assert [bar["id"] for bar in found["bars"]] == order[:12].tolist()
        wanted = by_hand(logits[t][order], settings)
        np.testing.assert_allclose([bar["share"] for bar in found["bars"]], wanted[:12], atol=1e-6)
        logprobs = logits[t] - np.logaddexp.reduce(logits[t])
        shown = [bar["logprob"] for bar in found["bars"]]
        np.testing.assert_allclose(shown, logprobs[order[:12]], atol=1e-5)


def by_hand(ordered: Any, settings: dict[str, Any]) -> Any:
    """Probabilities after temperature, top-k and top-p of logits that are sorted."""
    if settings["temperature"] == 0:
        return np.eye(len(ordered))[0]
    shares = np.exp((ordered - ordered[0]) / settings["temperature"])
    shares[settings["top_k"] or len(shares) :] = 0
    shares /= shares.sum()
    shares[np.cumsum(shares) - shares >= settings["top_p"]] = 0
    return shares / shares.sum()


@needs_node
def test_queries_and_keys_are_those_of_the_chosen_heads(
    model: Any, ids: list[int], ask: Ask
) -> None:
    asked = {"layer": 3, "head": 2, "t": 9, "s": 3}
    pair, none = ask(("pair", asked), ("pair", {**asked, "head": 1}))
    assert none is None
    points: dict[str, Any] = {}
    with model.tapped(lambda name, x: points.update({name: x[0].copy()})):
        model.extend(model.new_cache(1), [ids])
    assert np.array_equal(np.float32(pair["query"]), points["h.3.attn.q"][2, 9])
    assert np.array_equal(np.float32(pair["key"]), points["h.3.attn.k"][2, 3])
    scores = points["h.3.attn.scores"][2, 9, :10]
    np.testing.assert_allclose(pair["scores"], scores, rtol=2e-3, atol=2e-3)  # keys are fp16
    assert np.abs(pair["weights"] - points["h.3.attn.pattern"][2, 9, :10]).max() <= ERROR + 1e-7


@needs_node
def test_of_a_long_text_the_largest_weights_of_each_row(model: Any, ask: Ask) -> None:
    wanted = gpt2.trace(model, LONG).attention[2, 3]
    T = len(wanted)
    assert T > WHOLE
    read, map_ = ask(("read", {}), ("head", {"layer": 2, "head": 3}), text=LONG)
    shown = np.array(map_).reshape(T, T)
    there = shown > 0
    assert np.abs(shown - wanted)[there].max() <= ERROR + 1e-7
    assert there.sum(-1).max() <= LARGEST
    best = wanted.argmax(-1)
    assert np.array_equal(shown.argmax(-1)[wanted.max(-1) > 0.6], best[wanted.max(-1) > 0.6])
    n = read["thumbs"]["n"]
    small = np.array(read["thumbs"]["values"]).reshape(L, H, n, n)[2, 3]
    for row, column in ((0, 0), (n - 1, n - 1), (n - 1, 3)):
        rows, columns = (np.arange(T) * n // T == i for i in (row, column))
        assert np.abs(small[row, column] - wanted[rows][:, columns].max()) <= ERROR + 1e-7


@needs_node
def test_recorded_maps_of_the_real_model_are_read_by_the_page(
    data_folder: Path, tmp_path: Path
) -> None:
    """The attention of OpenAI's 124M over five prompts, in the form that the page reads."""
    from gpt2.evaluation.golden import read_explainer

    for file in sorted((data_folder / "golden").glob("transformer-explainer_ex*.js")):
        example = read_explainer(file)
        patterns, T = example["patterns"], len(next(iter(example["patterns"].values())))
        maps = np.stack([patterns[at] for at in sorted(patterns)]).reshape(12, 12, T, T)
        path = tmp_path / "maps"
        write_safetensors(path, {**record(maps), "ids": np.arange(T, dtype=np.int32)})
        questions = [("head", {"layer": i, "head": j}) for i, j in np.ndindex(12, 12)]
        shown = in_node("recorded.mjs", path, asked={"facts": {}, "asked": questions})
        assert np.abs(np.array(shown).reshape(maps.shape) - maps).max() <= ERROR + 1e-7


def test_the_heads_that_add_most_are_kept_where_none_are_named(model: Any, ids: list[int]) -> None:
    found, kept = recording(model, ids)
    heads = gpt2.trace(model, ids).contributions.heads[..., 0]
    order = np.argsort(-heads, axis=None, kind="stable")[: len(kept)]
    assert kept == list(zip(*(x.tolist() for x in np.unravel_index(order, heads.shape)),
                            strict=True))  # fmt: skip
    assert found["q"].shape == (8, len(ids), D // H)


def test_what_cannot_be_recorded(model: Any) -> None:
    with pytest.raises(InputError, match="no head 9"):
        recording(model, TEXT, [(0, 9)])
    with pytest.raises(InputError, match="the text is empty"):
        contents_of("gpt2-mini", text="", record=True)
    with pytest.raises(OptionError, match="heads can be chosen only for a recording"):
        contents_of("gpt2-mini", text=TEXT, heads=HEADS)


def test_a_model_that_a_browser_does_not_bear_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    from gpt2.explain import contents

    monkeypatch.setattr(contents, "LARGEST", 1_000_000)
    found = contents_of("gpt2-mini")
    assert found.facts["kind"] == "recorded"
    assert found.facts["text"] == contents.EXAMPLE
    assert not found.core
    with pytest.raises(OptionError, match="or record a text"):
        contents_of("gpt2-mini", record=False)
