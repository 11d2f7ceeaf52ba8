"""Any bytes come back, on every instruction set; another model or damage is an error."""

from __future__ import annotations

import random
import struct
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gpt2.cli import gpt2 as command
from gpt2.compression import compress, compressing_model, decompress, files
from gpt2.compression.coder import Decoder, Encoder
from gpt2.compression.files import HEADER, tokens_of
from gpt2.errors import CorruptFileError, GPT2Error, InputError, OptionError
from gpt2.loading import load
from gpt2.native import NativeEngine
from tests.tiny import write_tiny

STORY = "Once upon a time, there was a little dog. It was very happy. 从前有一只小狗。".encode()
CASES = {
    "nothing": b"",
    "a byte": b"\xff",
    "a story": STORY,
    "no UTF-8": b"Once \xff\xfe upon\x80\x80 a \xe4\xbd time \xed\xa0\x80",
    "the end of a text": b"One.<|endoftext|>Two.<|endoftext|>",
    "marks of white space": b"\xef\xbb\xbf\r\n\t\x00\x00  \n",
    "noise": random.Random(1).randbytes(200),
    "runs": b"\0" * 300,
}


@cache
def bundled() -> tuple[NativeEngine, bytes]:
    return compressing_model("gpt2-mini", threads=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[NativeEngine, bytes]:
    """A context of 64: a text of a few hundred tokens begins anew many times."""
    folder = tmp_path_factory.mktemp("tiny")
    write_tiny(folder, std=0.05)
    return compressing_model(folder, threads=1)


@pytest.mark.parametrize("name", CASES)
def test_what_went_in_comes_out(name: str) -> None:
    packed = compress(*bundled(), CASES[name])
    assert decompress(*bundled(), packed) == CASES[name]


def test_a_text_longer_than_the_context(tiny: tuple[NativeEngine, bytes]) -> None:
    data = (STORY + bytes(range(256))) * 3
    for size in (1, 60, 63, 64, 65, 96, 97, len(data)):
        assert decompress(*tiny, compress(*tiny, data[:size])) == data[:size]


def test_old_files_of_one_stream_are_read(
    tiny: tuple[NativeEngine, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they were written before there were streams, of any length."""
    data = STORY * 60
    several = compress(*tiny, data)
    monkeypatch.setattr(files, "STREAMS", 1)
    one = compress(*tiny, data)
    assert one.startswith(files.MAGIC)
    assert several.startswith(files.SEVERAL)
    assert decompress(*tiny, one) == decompress(*tiny, several) == data


def test_streams_that_cannot_be(tiny: tuple[NativeEngine, bytes]) -> None:
    whole = compress(*tiny, STORY * 60)
    streams = struct.unpack_from("<Q", whole, HEADER.size)[0]
    assert 1 < streams <= files.STREAMS
    for number in (0, 1, streams - 1, streams + 1, files.MOST + 1, 2**63):
        with pytest.raises(CorruptFileError):
            decompress(*tiny, _replaced(whole, HEADER.size, number))
    for place in range(1, streams + 1):
        with pytest.raises(CorruptFileError):
            decompress(*tiny, _replaced(whole, HEADER.size + 8 * place, 2**40))
    for size in (HEADER.size, HEADER.size + 7, HEADER.size + 8 * streams, len(whole) - 1):
        with pytest.raises(CorruptFileError):
            decompress(*tiny, whole[:size])


def _replaced(whole: bytes, at: int, number: int) -> bytes:
    return whole[:at] + struct.pack("<Q", number) + whole[at + 8 :]


def test_a_story_takes_few_bits() -> None:
    ids = tokens_of(bundled()[0].tokenizer, STORY)
    packed = compress(*bundled(), STORY)
    assert len(packed) - HEADER.size < len(STORY) / 3
    told: list[tuple[int, int]] = []
    compress(*bundled(), STORY, lambda *at: told.append(at))
    assert told[-1] == (len(ids), len(ids))


def test_the_bits_are_those_of_the_models_surprise() -> None:
    """The coder loses less than a hundredth against the model's own probabilities."""
    import numpy as np

    model, ids = bundled()[0], tokens_of(bundled()[0].tokenizer, STORY * 2)
    logits = model.extend(
        model.new_cache(1), [[model.config.bos_token_id, *ids[:-1]]], logits="all"
    )
    wide = logits.astype(np.float64)
    sums = np.log(np.exp(wide - wide.max(-1, keepdims=True)).sum(-1)) + wide.max(-1)
    bits = (sums - wide[np.arange(len(ids)), ids]).sum() / np.log(2)
    packed = compress(*bundled(), STORY * 2)
    assert bits <= 8 * (len(packed) - HEADER.size) < 1.01 * bits + 16


def test_every_instruction_set_writes_the_same() -> None:
    model, identity = bundled()
    wanted = compress(model, identity, STORY)
    other: Any = load("gpt2-mini", kernels="generic", threads=2)
    assert compress(other, identity, STORY) == wanted
    assert decompress(other, identity, wanted) == STORY


def test_the_coder_alone() -> None:
    """Intervals of all lengths, carries through many bytes of 255."""
    draw = random.Random(2)
    for _ in range(200):
        parts = []
        for _ in range(draw.randrange(60)):
            length = draw.choice([1, 2, 1000, 2**29, 2**30 - 9, draw.randrange(1, 2**30)])
            begin = draw.choice([0, 2**30 - length, draw.randrange(2**30 - length + 1)])
            parts.append((begin, begin + length))
        encoder = Encoder()
        for begin, end in parts:
            encoder.put(begin, end)
        decoder = Decoder(encoder.finish())
        for begin, end in parts:
            assert begin <= decoder.point() < end
            decoder.take(begin, end)
        assert not decoder.ended


def test_damaged_files(tiny: tuple[NativeEngine, bytes]) -> None:
    whole, draw, damaged = compress(*tiny, STORY), random.Random(3), 0
    for _ in range(100):
        data = bytearray(whole)
        at = draw.randrange(len(data))
        data[at] ^= 1 << draw.randrange(8)
        try:  # the last bits may name another number of the same interval
            assert decompress(*tiny, bytes(data)) == STORY
        except GPT2Error:
            damaged += 1
    assert damaged > 90
    for size in (0, 7, HEADER.size - 1, HEADER.size, len(whole) - 4):
        with pytest.raises(CorruptFileError):
            decompress(*tiny, whole[:size])


def test_another_model_is_told(tiny: tuple[NativeEngine, bytes]) -> None:
    with pytest.raises(InputError, match="another model or precision"):
        decompress(*tiny, compress(*bundled(), STORY))
    with pytest.raises(OptionError, match="compress with dtype int8"):
        compressing_model("gpt2-mini", dtype="fp32")


def test_commands(tmp_path: Path) -> None:
    file, run = tmp_path / "a.txt", CliRunner()
    file.write_bytes(STORY)
    done = run.invoke(command, ["compress", str(file)])
    assert done.exit_code == 0, done.output
    assert "bits per byte" in done.stderr
    packed = tmp_path / "a.txt.g2c"
    with pytest.raises(OptionError, match="already exists"):
        run.invoke(command, ["decompress", str(packed)], catch_exceptions=False)
    file.unlink()
    assert run.invoke(command, ["decompress", str(packed), "-q"]).exit_code == 0
    assert file.read_bytes() == STORY
    packed.write_bytes(packed.read_bytes()[:-3])
    with pytest.raises(CorruptFileError):
        run.invoke(command, ["decompress", str(packed), "--overwrite"], catch_exceptions=False)
    assert file.read_bytes() == STORY
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "a.txt.g2c"]
