"""The page's compression in node: what one side packs the other unpacks, byte for byte."""

from __future__ import annotations

import base64
import lzma
import random
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.compression import compress, compressing_model, decompress
from gpt2.compression.coder import Encoder
from gpt2.compression.files import LEAST, SEVERAL, tokens_of
from gpt2.explain.contents import tokenizer_facts
from gpt2.hub import resolve
from tests.compression.test_compress import CASES, STORY
from tests.explain.conftest import in_node, needs_core, needs_node

CODE = Path(gpt2.__file__).with_name("explain") / "web" / "core.wasm"

pytestmark = [needs_node, needs_core]


def ask_page(**asked: Any) -> dict[str, Any]:
    asked["facts"] = tokenizer_facts(gpt2.GPT2Tokenizer.from_pretrained("gpt2-mini"), 8192)
    found: dict[str, Any] = in_node("compress.mjs", CODE, resolve("gpt2-mini"), asked=asked)
    return found


def coded(some: list[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in some]


def some_intervals(draw: random.Random) -> list[tuple[int, int]]:
    """Short ones at the upper end, so that bytes of 255 and carries are many."""
    lengths = [draw.choice([1, 3, 2**20, 2**30 - 9]) for _ in range(80)]
    ends = [draw.choice([2**30, 2**30, length, 2**30 - 1]) for length in lengths]
    return [
        (max(0, end - length), max(end, length)) for length, end in zip(lengths, ends, strict=True)
    ]


def python_bytes(intervals: list[tuple[int, int]]) -> bytes:
    encoder = Encoder()
    for begin, end in intervals:
        encoder.put(begin, end)
    return encoder.finish()


def test_both_ways() -> None:
    model, identity = compressing_model("gpt2-mini", threads=1)
    times = model.config.n_positions // len(tokens_of(model.tokenizer, STORY)) + 2
    data = [*CASES.values(), STORY * times]
    assert len(tokens_of(model.tokenizer, data[-1])) > model.config.n_positions
    data.append(STORY * 2 * (LEAST // len(tokens_of(model.tokenizer, STORY)) + 1))
    packed = [compress(model, identity, one) for one in data]
    damaged = bytearray(packed[2])
    damaged[58] ^= 8
    assert packed[-1].startswith(SEVERAL)
    bad = [b"no such file", packed[2][:8] + bytes(16) + packed[2][24:], bytes(damaged)]
    bad += [packed[-1][:-1], packed[2][:40] + (1).to_bytes(8, "little") + packed[2][48:]]
    intervals = [some_intervals(random.Random(seed)) for seed in range(200)]
    there = ask_page(
        identity=identity.hex(),
        texts=coded(data),
        packed=coded(packed),
        bad=coded(bad),
        intervals=intervals,
    )
    assert there["grown"] == 0
    assert there["encoded"] == coded([python_bytes(some) for some in intervals])
    assert there["texts"] == coded(data)
    cut = ("no UTF-8", "noise")  # what is no text may be cut into tokens in another way there
    names = [*CASES, "long", "streams"]
    for name, one, here, page in zip(names, data, coded(packed), there["packed"], strict=True):
        if name in cut:
            assert decompress(model, identity, base64.b64decode(page)) == one
        else:
            assert page == here
    assert "was not written by gpt2 compress" in there["messages"][0]
    assert "another model" in there["messages"][1]
    assert "damaged" in there["messages"][2]
    assert "damaged" in there["messages"][3]
    assert "damaged" in there["messages"][4]


@pytest.mark.slow
def test_a_megabyte_both_ways(data_folder: Path) -> None:
    """Held-out stories, and what is nothing like them: 20 minutes of a processor."""
    stories = lzma.decompress((data_folder / "simple/tinystories_eval.txt.xz").read_bytes())
    data = (stories + (data_folder / "eval/wikitext-2/wiki.test.raw").read_bytes())[:1_000_000]
    model, identity = compressing_model("gpt2-mini")
    packed = compress(model, identity, data)
    asked = {"texts": coded([data]), "packed": coded([packed]), "bad": [], "intervals": []}
    there = ask_page(identity=identity.hex(), **asked)
    assert there["texts"] == coded([data])
    assert there["packed"] == coded([packed])
    assert decompress(model, identity, packed) == data
