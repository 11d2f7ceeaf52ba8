from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from gpt2.cli.tokenize import command as tokenize
from gpt2.cli.tokenizer_train import command as tokenizer_train
from gpt2.errors import InputError, OptionError
from gpt2.tokenizer import END_OF_TEXT, GPT2Tokenizer, train
from gpt2.tokenizer.bpe import Pair, split, to_signs
from gpt2.tokenizer.training import CHUNK, count_words


def by_definition(text: str, merges: int) -> list[Pair]:
    """Count all pairs anew for every merge."""
    words = [[bytes([b]) for b in w.encode()] for d in text.split(END_OF_TEXT) for w in split(d)]
    made: list[Pair] = []
    for _ in range(merges):
        counts = Counter(pair for word in words for pair in pairwise(word))
        if not counts:
            break
        best = max(counts, key=lambda pair: (counts[pair], pair))
        made.append(best)
        for word in words:
            at = 0
            while at < len(word) - 1:
                if (word[at], word[at + 1]) == best:
                    word[at : at + 2] = [word[at] + word[at + 1]]
                at += 1
    return made


@pytest.mark.parametrize(
    "text",
    [
        "aaaa aaaaa aaab",
        "low lower newest widest " * 3,
        "汉字汉字 汉",
        f"ab{END_OF_TEXT}ab{END_OF_TEXT}b",
    ],
)
def test_equals_the_definition(text: str) -> None:
    assert train([text], 257 + 20)[1] == by_definition(text, 20)


def test_equals_the_cs336_reference(data_folder: Path) -> None:
    golden = data_folder / "golden"
    vocab, merges = train([(golden / "cs336_corpus.en").read_text("utf-8")], 500)
    lines = (golden / "cs336_train-bpe-reference-merges.txt").read_text().split("\n")
    assert [f"{to_signs(a)} {to_signs(b)}" for a, b in merges] == [line for line in lines if line]
    reference = json.loads((golden / "cs336_train-bpe-reference-vocab.json").read_text())
    ours = [to_signs(token) for token in vocab] + [END_OF_TEXT]
    assert len(ours) == 500
    assert set(ours) == set(reference)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_cuts_in_the_stream_change_nothing(size: int) -> None:
    text = f"We'll  see\n\n it's{END_OF_TEXT} a  b'l x " * 3000
    whole = count_words([text], (END_OF_TEXT,))
    assert count_words([text[i : i + size] for i in range(0, len(text), size)], (END_OF_TEXT,)) == (
        whole
    )
    assert len(text) > CHUNK // 16
    expected = Counter(word for part in text.split(END_OF_TEXT) for word in split(part))
    assert whole == expected


def test_bad_requests() -> None:
    with pytest.raises(OptionError, match="at least 257"):
        train(["text"], 256)
    with pytest.raises(InputError, match="no text"):
        train([""], 300)


def test_the_commands(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    from tiktoken.load import data_gym_to_mergeable_bpe_ranks

    text = "the theatre of the other, somewhere beneath the mountain, 汉字 " * 50
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text(text, encoding="utf-8")
    folder = tmp_path / "out"
    options = [str(tmp_path / "text"), "--vocab-size", "280", "-o", str(folder)]
    result = CliRunner().invoke(tokenizer_train, options)
    assert result.exit_code == 0, result.output
    ours = GPT2Tokenizer.from_pretrained(folder)
    assert len(ours) == 280
    assert ours.eos_token_id == 279
    ids = ours.encode(text)
    assert transformers.GPT2TokenizerFast.from_pretrained(folder)(text)["input_ids"] == ids
    ranks = {ours.token_bytes(i): i for i in range(279)}
    files = str(folder / "merges.txt"), str(folder / "vocab.json")
    assert data_gym_to_mergeable_bpe_ranks(*files) == ranks

    result = CliRunner().invoke(tokenize, ["汉 the", "--model", str(folder), "--json"])
    pieces = json.loads(result.stdout)["tokens"]
    assert "".join(piece["text"] for piece in pieces) == "汉 the"
    assert bytes.fromhex("".join(piece["bytes"] for piece in pieces)).decode() == "汉 the"
    result = CliRunner().invoke(tokenize, ["-", "--model", str(folder)], input="the 字")
    assert result.exit_code == 0
    assert "the" in result.stdout


def test_the_command_reads_what_prepare_reads(tmp_path: Path) -> None:
    """The escapes of JSON lines are no text, and a compressed file is."""
    texts = ["白日依山尽，黄河入海流。", "欲穷千里目，更上一层楼。"] * 20
    rows = "".join(json.dumps({"poem": text}) + "\n" for text in texts)
    assert "\\u" in rows
    (tmp_path / "a.txt").write_text(END_OF_TEXT.join(texts), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(rows)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(rows.encode()))
    learned = []
    for name, *more in (
        ("a.txt",),
        ("b.jsonl", "--field", "poem"),
        ("c.jsonl.gz", "--field", "poem"),
    ):
        folder = tmp_path / name.partition(".")[0]
        words = [str(tmp_path / name), "--vocab-size", "280", "-o", str(folder), *more]
        result = CliRunner().invoke(tokenizer_train, words)
        assert result.exit_code == 0, result.exception
        learned.append((folder / "merges.txt").read_text("utf-8"))
    assert learned[0] == learned[1] == learned[2]
    unnamed = CliRunner().invoke(
        tokenizer_train, [str(tmp_path / "b.jsonl"), "-o", str(tmp_path / "d")]
    )
    assert "--field" in str(unnamed.exception)
