"""/v1/completions against the library: the same tokens, the same numbers, streamed or not."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from tests.serving.conftest import Running
from tests.tiny import END, TEXT

GREEDY: dict[str, Any] = {"temperature": 0}
MANY = {"max_tokens": 24, "logprobs": 5}


def flat(lists: Iterable[list[Any]]) -> list[Any]:
    return list(itertools.chain.from_iterable(lists))


def library(model: Any, prompt: Any, **options: Any) -> list[list[int]]:
    """What the library writes: the new ids of each text, to the end of the text."""
    ids = model.tokenizer.encode_prompt(prompt) if isinstance(prompt, str) else prompt
    options = {"do_sample": True, "top_k": 0, **options}
    rows = model.generate([ids], **options)
    new = [row[len(ids) :].tolist() for row in rows]
    return [row[: row.index(END) + 1] if END in row else row for row in new]


def writes(tokenizer: Any, prompt: str, ids: list[int]) -> dict[str, Any]:
    """Options that make a model write these tokens, each of which stands there once."""
    before = [tokenizer.encode_prompt(prompt)[-1], *ids[:-1]]
    assert len(set(before)) == len(before)
    pairs = zip(before, ids, strict=True)
    return {**GREEDY, "sequence_bias": [[[a, b], 1000.0] for a, b in pairs]}


def logprobs_of(model: Any, ids: list[int]) -> np.ndarray:
    """The model's own log-probabilities after each token of a text [T, V]."""
    logits = np.asarray(model.extend(model.new_cache(1), [ids], None, "all"), np.float64)
    logits -= logits.max(-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_the_same_tokens_as_the_library(served: Running, tiny: Any) -> None:
    found = served.ask(prompt="The fox", seed=7, max_tokens=20)
    (ids,) = library(tiny, "The fox", seed=7, max_new_tokens=20)
    choice = found["choices"][0]
    assert choice["token_ids"] == ids
    assert choice["text"] == tiny.tokenizer.decode(ids, skip_special_tokens=True)
    assert choice["finish_reason"] == ("stop" if ids[-1] == END else "length")
    assert found["seed"] == 7
    assert found["usage"]["completion_tokens"] == len(ids)
    assert found["usage"]["prompt_tokens"] == len(tiny.tokenizer.encode_prompt("The fox"))


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0.7, "top_k": 9, "top_p": 0.9},
        {"min_p": 0.02, "typical_p": 0.9},
        {"repetition_penalty": 1.3, "no_repeat_ngram_size": 2, "temperature": 0},
        {"suppress_tokens": [5, 6], "begin_suppress_tokens": [7], "min_new_tokens": 3},
        {"sequence_bias": [[[3], 4.0]], "bad_words_ids": [[1, 2]], "top_h": 0.5},
    ],
)
def test_options_mean_what_they_mean_in_the_library(
    served: Running, tiny: Any, options: dict[str, Any]
) -> None:
    found = served.ask(prompt=[1, 2, 3], seed=3, max_tokens=12, **options)
    named = {"seed": 3, **options}
    if options.get("temperature") == 0:
        named = {n: v for n, v in options.items() if n != "temperature"}
        named |= {"do_sample": False, "top_k": None}
    want = library(tiny, [1, 2, 3], max_new_tokens=12, **named)
    assert [choice["token_ids"] for choice in found["choices"]] == want


def test_rows_draw_with_seed_and_number(served: Running, tiny: Any) -> None:
    prompts = [tiny.tokenizer.encode_prompt("The"), [5, 6]]
    asked = {"seed": 11, "max_tokens": 8}
    found = served.ask(prompt=prompts, n=3, **asked)["choices"]
    drawn = {"seed": 11, "max_new_tokens": 8, "num_return_sequences": 3}
    want = flat(library(tiny, prompt, **drawn) for prompt in prompts)
    assert [c["index"] for c in found] == [*range(6)]
    assert [c["token_ids"] for c in found] == want
    again = served.ask(prompt=[5, 6], n=2, **asked)["choices"]
    assert [c["token_ids"] for c in again] == want[3:5]


def test_without_a_seed_one_is_drawn_and_told(served: Running) -> None:
    first, second = (served.ask(prompt="The", max_tokens=20) for _ in range(2))
    assert first["seed"] != second["seed"]
    assert first["choices"][0]["text"] != second["choices"][0]["text"]
    again = served.ask(prompt="The", max_tokens=20, seed=first["seed"])
    assert again["choices"] == first["choices"]


def test_sixteen_tokens_where_none_are_said(served: Running) -> None:
    found = served.ask(prompt=[1], suppress_tokens=[END])
    assert len(found["choices"][0]["token_ids"]) == 16
    full = served.ask(prompt=[1] * 96, suppress_tokens=[END])  # a full context: one more fits
    assert len(full["choices"][0]["token_ids"]) == 1


@pytest.mark.parametrize(
    "options",
    [
        MANY,
        {**MANY, "echo": True},
        {**MANY, "echo": True, "n": 2},
        {**MANY, "stop": [" fox", "a"], "n": 3},
        {**MANY, "top_k": 1, "echo": True, "repetition_penalty": 1.2},
        {"max_tokens": 0, "echo": True, "logprobs": 0},
        {"max_tokens": 5, "echo": True},
    ],
)
def test_streamed_or_not_it_is_the_same(served: Running, options: dict[str, Any]) -> None:
    """Text and numbers; a token's offset too."""
    asked = {"prompt": ["The 狐", "\n fox"], "seed": 5, **options}
    whole = served.ask(**asked)["choices"]
    chunks = served.stream(**asked)
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert all("usage" not in chunk for chunk in chunks)
    for choice in whole:
        parts = [c for chunk in chunks for c in chunk["choices"] if c["index"] == choice["index"]]
        assert "".join(part["text"] for part in parts) == choice["text"]
        assert [part["finish_reason"] for part in parts if part["finish_reason"]] == [
            choice["finish_reason"]
        ]
        assert flat(part["token_ids"] for part in parts) == choice["token_ids"]
        for name, values in (choice["logprobs"] or {}).items():
            assert flat(part["logprobs"][name] for part in parts) == values, name
        assert (choice["logprobs"] is None) is ("logprobs" not in options)


def test_log_probabilities_are_the_models_own(served: Running, tiny: Any) -> None:
    """Before temperature, bans and penalties; five among lone bytes are five."""
    choice = served.ask(
        prompt=TEXT[:20], seed=1, temperature=0.3, suppress_tokens=[END], logit_bias={"65": -100},
        frequency_penalty=0, echo=True, **MANY,
    )["choices"][0]  # fmt: skip
    found = choice["logprobs"]
    ids = tiny.tokenizer.encode_prompt(TEXT[:20])
    assert found["token_ids"] == ids + choice["token_ids"] == [
        *choice["prompt_token_ids"], *choice["token_ids"]
    ]  # fmt: skip
    want = logprobs_of(tiny, found["token_ids"])
    assert found["token_logprobs"][0] is found["top_logprobs"][0] is None
    for at, token in enumerate(found["token_ids"][1:], 1):
        row, best = want[at - 1], np.argsort(-want[at - 1], kind="stable")[:5].tolist()
        assert found["token_logprobs"][at] == pytest.approx(row[token], abs=1e-5)
        assert found["top_token_ids"][at] == best
        named = found["top_logprobs"][at]
        assert len(named) == len({*best, token})
        assert named[found["tokens"][at]] == found["token_logprobs"][at]
        assert sorted(named.values()) == pytest.approx(sorted(row[[*{*best, token}]]), abs=1e-5)
    assert len({len(values) for values in found.values()}) == 1
    assert bytes(flat(found["bytes"])).decode(errors="replace") == choice["text"]


def test_tokens_that_are_no_text_are_called_by_their_bytes(served: Running, tiny: Any) -> None:
    half = [i for i in range(END) if tiny.tokenizer.token_bytes(i) == b"\xe7"][:1]
    found = served.ask(prompt=[3], max_tokens=1, logprobs=2, logit_bias={str(half[0]): 100},
                       temperature=0)["choices"][0]  # fmt: skip
    assert found["logprobs"]["tokens"] == ["bytes:\\xe7"]
    assert "bytes:\\xe7" in found["logprobs"]["top_logprobs"][0]
    assert found["logprobs"]["bytes"] == [[0xE7]]
    assert found["text"] == "\ufffd"
    assert found["finish_reason"] == "length"  # in the middle of a character


@pytest.mark.parametrize("prompt", ["\n", "<|endoftext|>", "a<|endoftext|>\nb 狐", "狐狸", " "])
def test_an_echo_joins_to_the_prompt(served: Running, prompt: str) -> None:
    asked = {"prompt": prompt, "echo": True, "max_tokens": 0, "logprobs": 1}
    for choice in (served.ask(**asked)["choices"][0], _joined(served.stream(**asked))):
        assert choice["text"] == prompt
        assert choice["finish_reason"] == "length"
        assert choice["token_ids"] == []
        found = choice["logprobs"]
        assert bytes(flat(found["bytes"])).decode() == prompt
        assert found["token_logprobs"][0] is None
        assert all(math.isfinite(value) for value in found["token_logprobs"][1:])


def _joined(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    parts = [choice for chunk in chunks for choice in chunk["choices"]]
    logprobs = {name: flat(part["logprobs"][name] for part in parts)
                for name in parts[0]["logprobs"]}  # fmt: skip
    return {"text": "".join(part["text"] for part in parts), "logprobs": logprobs,
            "finish_reason": parts[-1]["finish_reason"],
            "token_ids": flat(part["token_ids"] for part in parts)}  # fmt: skip


def test_an_echo_of_lists_of_ids(served: Running, tiny: Any) -> None:
    rows = [[5, 6, 7], [END, 3], [9]]
    found = served.ask(prompt=rows, echo=True, max_tokens=0, logprobs=1, temperature=0, top_k=1,
                       suppress_tokens=[6])  # fmt: skip
    assert found["usage"]["completion_tokens"] == 0
    for row, choice in zip(rows, found["choices"], strict=True):
        own = [float(p[t]) for p, t in zip(logprobs_of(tiny, row), row[1:], strict=False)]
        assert choice["logprobs"]["token_logprobs"] == [None, *map(pytest.approx, own)]
        assert choice["text"] == tiny.tokenizer.decode(row)


def test_an_empty_prompt_begins_a_text(served: Running, tiny: Any) -> None:
    prompts: tuple[Any, ...] = ("", [[]], [""])
    for prompt in prompts:
        found = served.ask(prompt=prompt, echo=True, seed=2, max_tokens=6, logprobs=1)["choices"][0]
        assert found["token_ids"] == library(tiny, [END], seed=2, max_new_tokens=6)[0]
        assert found["logprobs"]["token_ids"] == found["token_ids"]
        assert None not in found["logprobs"]["token_logprobs"]


def test_end_of_text_at_once(served: Running) -> None:
    asked = {"prompt": "The", "logit_bias": {str(END): 100}, "logprobs": 1, **GREEDY}
    for choice in (served.ask(**asked)["choices"][0], _joined(served.stream(**asked))):
        assert (choice["text"], choice["finish_reason"]) == ("", "stop")
        assert choice["token_ids"] == [END] == choice["logprobs"]["token_ids"]
        assert choice["logprobs"]["tokens"] == ["<|endoftext|>"]


@pytest.mark.parametrize("logprobs", [None, 2])
def test_half_characters_in_a_stream(served: Running, tiny: Any, logprobs: int | None) -> None:
    single = {tiny.tokenizer.token_bytes(i): i for i in reversed(range(256))}
    ids = [single[bytes([b])] for b in "狸ab".encode()]
    asked = {"prompt": "The", "max_tokens": len(ids), "logprobs": logprobs,
             **writes(tiny.tokenizer, "The", ids)}  # fmt: skip
    parts = [choice for chunk in served.stream(**asked) for choice in chunk["choices"]]
    assert [part["text"] for part in parts[:5]] == ["", "", "狸", "a", "b"]
    assert [part["token_ids"] for part in parts[:5]] == [[i] for i in ids]
    if logprobs is not None:
        assert [part["logprobs"]["text_offset"] for part in parts[:5]] == [[0], [0], [0], [1], [2]]


def test_stop_strings(served: Running, tiny: Any) -> None:
    ids = tiny.tokenizer.encode_more(" quick brown fox jumps")
    asked = {"prompt": "The", "max_tokens": len(ids), **writes(tiny.tokenizer, "The", ids)}
    whole = " quick brown fox jumps"
    for stop, kept, want in (
        ("ck br", False, " qui"),
        ("ck br", True, " quick br"),
        ([" fox", "jump"], False, " quick brown"),
        (" quick", False, ""),  # the first token is the stop
        ("jumps", False, " quick brown fox "),  # completes with the last token allowed
        (" fox jumper", False, whole),  # begins and never completes
    ):
        more = {"stop": stop, "include_stop_str_in_output": kept}
        choice = served.ask(**asked, **more)["choices"][0]
        assert choice["text"] == want
        assert choice["finish_reason"] == ("length" if want == whole else "stop")
        assert choice["token_ids"] == ids[: len(choice["token_ids"])]
        parts = [c for chunk in served.stream(**asked, **more) for c in chunk["choices"]]
        assert "".join(part["text"] for part in parts) == want
    end = {**asked, "max_tokens": len(ids) + 1, "stop": " jumps high"}
    end["sequence_bias"] = [*end["sequence_bias"], [[ids[-1], END], 1000.0]]
    choice = served.ask(**end)["choices"][0]  # held-back text, then end-of-text
    assert (choice["text"], choice["finish_reason"]) == (whole, "stop")


def test_best_of_gives_the_likeliest(served: Running, tiny: Any) -> None:
    asked = {"prompt": "The", "seed": 4, "max_tokens": 6}
    rows = served.ask(**asked, n=5, logprobs=0)["choices"]
    means = [np.mean(row["logprobs"]["token_logprobs"]) for row in rows]
    order = np.argsort(means)[::-1][:2]
    best = served.ask(**asked, n=2, best_of=5)
    assert [c["token_ids"] for c in best["choices"]] == [rows[i]["token_ids"] for i in order]
    assert [c["index"] for c in best["choices"]] == [0, 1]
    assert best["usage"]["completion_tokens"] == sum(len(row["token_ids"]) for row in rows)
    assert best["choices"][0]["logprobs"] is None


def test_usage_comes_last_and_only_when_asked(served: Running) -> None:
    chunks = served.stream(prompt="The", max_tokens=3, stream_options={"include_usage": True},
                           suppress_tokens=[END])  # fmt: skip
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 3
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
