"""The ids are GPT-2's: goldens, and hypothesis-made Unicode against three other encoders."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpt2.tokenizer import BPE, GPT2Tokenizer
from gpt2.tokenizer.bpe import Pair, merge_word, split, to_signs
from gpt2.tokenizer.fast import LONG_RUN, FastBPE, cut_long_runs, reachable
from tests.examples import some

PIECES = [
    " ",
    "  ",
    "\n",
    "\t",
    "\u00a0",
    "\u3000",
    "\x85",
    "\x1c",
    "\u2028",
    "'s",
    "'ll",
    "'",
    " the",
]
PIECES += ["hello", "123", "汉字", "😀", "é", "e\u0301", "ſ", "<|endoftext|>", "!!", "_"]
SIGNS = st.characters(exclude_categories=["Cs", "Cn"])
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(SIGNS, max_size=6)), max_size=12).map(
    "".join
)
LONE = chr(0xD800)
OFTEN = settings(max_examples=some(1500), deadline=None, suppress_health_check=list(HealthCheck))
VERY_OFTEN = settings(OFTEN, max_examples=100_000)


def test_llamacpp_goldens(tokenizer: GPT2Tokenizer, slow_twin: BPE, data_folder: Path) -> None:
    cases = json.loads((data_folder / "golden/llamacpp_gpt2_vocab_tests.json").read_text())["cases"]
    assert len(cases) == 33
    for case in cases:
        assert tokenizer.encode(case["text"]) == case["ids"]
        assert slow_twin.encode(case["text"]) == case["ids"]


def test_gpt_tokenizer_goldens(tokenizer: GPT2Tokenizer, data_folder: Path) -> None:
    text = (data_folder / "golden/gpt-tokenizer_TestPlans.txt").read_text(encoding="utf-8")
    found = re.findall(
        r"EncodingName: r50k_base\nSample: (.*?)\nEncoded: (\[.*?\])\n", text, flags=re.DOTALL
    )
    assert len(found) == 64
    for sample, ids in found:
        assert tokenizer.encode(sample) == json.loads(ids), sample


@OFTEN
@given(text=TEXTS)
def test_equals_the_others(
    tokenizer: GPT2Tokenizer, peer: Any, slow_twin: BPE, tiktoken_gpt2: Any, text: str
) -> None:
    check(tokenizer, peer, slow_twin, tiktoken_gpt2, text)


@pytest.mark.slow
@VERY_OFTEN
@given(text=TEXTS)
def test_equals_the_others_on_many(
    tokenizer: GPT2Tokenizer, peer: Any, slow_twin: BPE, tiktoken_gpt2: Any, text: str
) -> None:
    check(tokenizer, peer, slow_twin, tiktoken_gpt2, text)


def check(tokenizer: GPT2Tokenizer, peer: Any, slow: BPE, tiktoken_gpt2: Any, text: str) -> None:
    ids = tokenizer.encode(text)
    assert ids == peer(text)["input_ids"]
    assert ids == tiktoken_gpt2.encode(text, allowed_special="all")
    plain = tokenizer.encode(text, split_special_tokens=True)
    assert plain == slow.encode(text)
    assert tokenizer.decode(ids) == slow.decode(plain) == text


@pytest.fixture(scope="module")
def tiktoken_gpt2(tokenizer: GPT2Tokenizer, slow_twin: BPE) -> Any:
    """tiktoken's own GPT-2 encoding: its pattern, the ids as ranks."""
    tiktoken = pytest.importorskip("tiktoken")
    openai_public = pytest.importorskip("tiktoken_ext.openai_public")
    ranks = {token: i for token, i in slow_twin.vocab.items() if i != 50256}
    special = {"<|endoftext|>": 50256}
    return tiktoken.Encoding(
        "gpt2", pat_str=openai_public.r50k_pat_str, mergeable_ranks=ranks, special_tokens=special
    )


def odd_vocabulary(seed: int) -> tuple[dict[bytes, int], list[Pair], str]:
    """Merges that need not be reachable, ordered or unique; ids in any order."""
    rng = random.Random(seed)
    letters = "abcd"[: rng.choice([2, 3, 4])]
    tokens = [sign.encode() for sign in letters]
    merges: list[Pair] = []
    for _ in range(rng.randint(1, 14)):
        left, right = rng.choice(tokens), rng.choice(tokens)
        if len(left + right) <= 9:
            merges.append((left, right))
            tokens += [left + right] if left + right not in tokens else []
    if rng.random() < 0.3:
        rng.shuffle(merges)
    ids = list(range(1, 257 + len(tokens) - len(letters)))  # end-of-text took 0
    rng.shuffle(ids)
    singles = [bytes([byte]) for byte in range(256)]
    names = singles + [token for token in tokens if len(token) > 1]
    return dict(zip(names, ids, strict=True)), merges, letters


@pytest.mark.parametrize("seed", range(150))
def test_any_merges_are_exact(seed: int) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    vocab, merges, letters = odd_vocabulary(seed)
    fast, slow = FastBPE(vocab, merges), BPE(vocab, merges)
    signs = {to_signs(token): i for token, i in vocab.items()}
    pairs = [(to_signs(a), to_signs(b)) for a, b in merges]
    other = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=signs, merges=pairs))
    other.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    rng = random.Random(seed)
    for length in (3, 5, 8, 12, 40, 600):
        text = "".join(rng.choices(letters, k=length))
        assert fast.encode(text) == slow.encode(text) == other.encode(text).ids
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    alone = {a + b for a, b in merges if merge_word(a + b, ranks) == [a + b]}
    assert set(reachable(merges)) == alone


def test_a_merge_that_never_happens_makes_no_token() -> None:
    merges = [(b"b", b"c"), (b"a", b"b"), (b"ab", b"c"), (b"a", b"a")]
    assert reachable(merges) == [b"bc", b"ab", b"aa"]


def test_long_runs_are_cut_without_a_change(tokenizer: GPT2Tokenizer, peer: Any) -> None:
    rng = random.Random(0)
    for _ in range(12):
        text = "".join(
            rng.choice([" ", "\n", "\t", "\u3000", "a", "\x1c"]) * rng.choice([1, 2, 3 * LONG_RUN])
            for _ in range(6)
        )
        assert "".join(cut_long_runs(text)) == text
        assert [w for part in cut_long_runs(text) for w in split(part)] == split(text)
        assert tokenizer.encode(text) == peer(text)["input_ids"]


@pytest.mark.parametrize(
    "unit", ["a", " ", "\n", "1", "!", "😀", "汉", "\ufffd", LONE, " \n", "'s"]
)
@pytest.mark.parametrize(("size", "end"), [(1_000_000, ""), (100_000, "x"), (100_000, " x")])
def test_a_megabyte_of_one_sign(tokenizer: GPT2Tokenizer, unit: str, size: int, end: str) -> None:
    """It ends (tiktoken alone overflows its stack on white space), and nothing is lost."""
    shown = "\ufffd" if unit == LONE else unit
    times = size // len(shown.encode())
    ids = tokenizer.encode(unit * times + end)
    assert tokenizer.decode(ids) == shown * times + end


def test_surrogates(tokenizer: GPT2Tokenizer) -> None:
    assert tokenizer.encode("a\ud800b") == tokenizer.encode("a\ufffdb")
    assert tokenizer.encode("\ud83d\ude00") == tokenizer.encode("😀")  # a pair is its character
    assert tokenizer("a\ud800", return_offsets_mapping=True).offset_mapping == [(0, 1), (1, 2)]
