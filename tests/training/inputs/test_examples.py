"""Prompts with completions: what is masked in the loss, what is cut, what is packed."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.errors import CorruptFileError, InputError, MissingFileError, OptionError
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.tokenizer.bpe import byte_to_unicode
from gpt2.training.config import FinetuneConfig
from gpt2.training.finetuning import has_pairs
from gpt2.training.inputs.batches import IGNORED
from gpt2.training.inputs.examples import Examples, Pair, read_pairs
from tests.examples import some

BYTES = [*byte_to_unicode().values()]
PAIRS = [Pair(f"the fox {n} jumps", f" over {n} dogs" * (1 + n % 4)) for n in range(23)]


def test_only_the_completion_and_the_end_count(tokenizer: GPT2Tokenizer) -> None:
    examples = Examples(PAIRS, tokenizer, 64, 4)
    batch = examples.rows([5])
    prompt = tokenizer.encode(PAIRS[5].prompt)
    answer = [*tokenizer.encode(PAIRS[5].completion), tokenizer.eos_token_id]
    ids = prompt + answer
    assert batch.inputs[0, : len(ids)].tolist() == ids
    expected = [IGNORED] * (len(prompt) - 1) + answer
    assert batch.labels[0, : len(ids) - 1].tolist() == expected
    assert (batch.labels[0, len(ids) - 1 :] == IGNORED).all()
    assert batch.counted == len(answer)
    assert examples.cut_prompts == examples.cut_completions == 0


def learned(examples: Examples) -> list[list[int]]:
    """The runs of labels that count, with the token read before each, over an epoch."""
    runs = []
    for batch in examples.whole():
        for inputs, labels in zip(batch.inputs.tolist(), batch.labels.tolist(), strict=True):
            run: list[int] = []
            for place, label in enumerate(labels):
                if label == IGNORED:
                    runs += [run] if run else []
                    run = []
                else:
                    if run:
                        assert inputs[place] == run[-1]  # the label before is what is read now
                    run = [*(run or [inputs[place]]), label]
            runs += [run] if run else []
    return sorted(runs)


@given(
    sizes=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=30),
    length=st.integers(2, 40),
)
@settings(deadline=None, max_examples=some(60))
def test_packing_loses_and_leaks_nothing(sizes: list[tuple[int, int]], length: int) -> None:
    ids = GPT2Tokenizer({c: n for n, c in enumerate(BYTES)}, [])
    pairs = [Pair(chr(97 + n % 26) * a, chr(65 + n % 26) * b) for n, (a, b) in enumerate(sizes)]
    padded, packed = (Examples(pairs, ids, length, 3, pack=pack) for pack in (False, True))
    assert learned(packed) == learned(padded)
    assert len(learned(padded)) == len(pairs)
    assert packed.per_epoch <= padded.per_epoch


def test_packed_rows_are_fuller(tokenizer: GPT2Tokenizer) -> None:
    packed = Examples(PAIRS, tokenizer, 64, 4, pack=True)
    sizes = sum(len(example.ids) for example in packed.examples)
    assert packed.per_epoch <= -(-sizes // 64) + 2


def test_what_is_too_long_is_cut_and_counted(tokenizer: GPT2Tokenizer) -> None:
    long_prompt = Pair("the quick " * 40 + "brown fox", " jumps")
    long_answer = Pair("the fox", " over a lazy dog" * 40)
    examples = Examples([*PAIRS[:3], long_prompt, long_answer], tokenizer, 40, 2)
    assert (examples.cut_prompts, examples.cut_completions) == (2, 1)
    kept, cut = examples.examples[3:]
    text = tokenizer.decode(kept.ids[:-1].tolist())
    assert text.endswith("brown fox jumps")
    assert kept.ids[-1] == tokenizer.eos_token_id
    assert len(kept.ids) == len(cut.ids) == 41
    assert cut.prompt == 1
    assert tokenizer.eos_token_id not in cut.ids
    assert cut.ids[0] == tokenizer.encode("the fox")[-1]


def test_the_order_is_a_function_of_seed_and_step(tokenizer: GPT2Tokenizer) -> None:
    for pack in (False, True):
        examples = Examples(PAIRS, tokenizer, 32, 4, seed=3, pack=pack)
        again = Examples(PAIRS, tokenizer, 32, 4, seed=3, pack=pack)
        for step in (0, 7, 11):
            whole = again.batch(step)
            for ranks in (1, 2, 3, 4):
                parts = [examples.batch(step, rank, ranks) for rank in range(ranks)]
                np.testing.assert_array_equal(
                    np.concatenate([p.inputs for p in parts]), whole.inputs
                )
                np.testing.assert_array_equal(
                    np.concatenate([p.labels for p in parts]), whole.labels
                )
    single = Examples(PAIRS, tokenizer, 32, 1, seed=3)
    rows = {tuple(single.batch(step).inputs[0].tolist()) for step in range(23, 46)}
    assert len(rows) == 23


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_files(tmp_path: Path) -> None:
    rows = [
        {"prompt": "a,\n汉", "completion": ' "b"', "more": 1},
        {"prompt": "", "completion": "c"},
    ]
    lines = "".join(json.dumps(row) + "\n\n" for row in rows)
    expected = [Pair("a,\n汉", ' "b"'), Pair("", "c")]
    assert read_pairs(write(tmp_path / "a.jsonl", lines)) == expected
    table = 'more,prompt,completion\n1,"a,\n汉"," ""b"""\n2,,c\n'
    assert read_pairs(write(tmp_path / "a.csv", "\ufeff" + table)) == expected
    long = "x" * 200_000
    assert read_pairs(write(tmp_path / "a.tsv", f"q\ta\n{long}\tb\n"), "q", "a") == [
        Pair(long, "b")
    ]


@pytest.mark.parametrize(
    ("name", "text", "kind", "message"),
    [
        ("a.txt", "x", InputError, r"\.jsonl"),
        ("a.jsonl", "{", CorruptFileError, "line 1 is not JSON"),
        ("a.jsonl", '{"prompt": "x"}', InputError, "line 1 has no text in the field 'completion'"),
        ("a.jsonl", '{"prompt": "x", "completion": ""}', InputError, "empty completion"),
        ("a.jsonl", "[1]", InputError, "must be an object"),
        ("a.jsonl", "\n", InputError, "contains no examples"),
        ("a.csv", "prompt,answer\nx,y\n", InputError, "its fields: 'prompt', 'answer'"),
        ("a.csv", 'prompt,completion\n"x,y\n', CorruptFileError, "cannot be parsed as a table"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path, name: str, text: str, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        read_pairs(write(tmp_path / name, text))


def packed(name: str, content: bytes, inner: str = "a.jsonl") -> bytes:
    """A file's content as its name's ending says."""
    made, name = io.BytesIO(), name.lower()
    if name.endswith(".zip"):
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr(inner, content)
        return made.getvalue()
    if ".t" in name:
        with tarfile.open(fileobj=made, mode="w") as archive:
            entry = tarfile.TarInfo(f"folder/{inner}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        content = made.getvalue()
    ways: dict[str, Callable[[bytes], bytes]] = {
        "gz": gzip.compress,
        "xz": lzma.compress,
        "z2": bz2.compress,
    }
    way = ways.get(name.replace("tgz", "gz").replace("txz", "xz").replace("tbz2", "z2")[-2:])
    return content if way is None else way(content)


PACKED = ("a.jsonl.gz", "A.JSONL.GZ", "a.ndjson.xz", "a.jsonl.bz2", "a.zip", "a.tar", "a.tar.gz",
          "a.tgz", "a.tar.xz", "a.tbz2")  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_compressed_files_are_read_as_pairs(tmp_path: Path, name: str) -> None:
    lines = b'{"prompt": "a", "completion": "b"}\n'
    path = tmp_path / name
    path.write_bytes(packed(name, lines))
    config = FinetuneConfig()
    assert read_pairs(path) == [Pair("a", "b")]
    assert has_pairs(path, config)
    path.write_bytes(packed(name, b'{"text": "a"}\n'))
    assert not has_pairs(path, config)
    path.write_bytes(packed(name, lines)[:-20])
    if not name.endswith(".tar"):
        with pytest.raises(CorruptFileError, match="truncated or damaged"):
            read_pairs(path)


def test_compressed_tables_and_json_are_pairs_and_texts_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"prompt,completion\na,b\n"))
    assert read_pairs(path) == [Pair("a", "b")]
    path = tmp_path / "a.json.xz"
    path.write_bytes(lzma.compress(b'[{"prompt": "a", "completion": "b"}]'))
    assert read_pairs(path) == [Pair("a", "b")]
    for name in ("b.txt.gz", "b.zip"):
        path = tmp_path / name
        path.write_bytes(packed(name, b"a text", "a.txt"))
        assert not has_pairs(path, FinetuneConfig())
        with pytest.raises(InputError, match=r"can be read from \.jsonl"):
            read_pairs(path)


def test_what_cannot_be(tmp_path: Path, tokenizer: GPT2Tokenizer) -> None:
    with pytest.raises(MissingFileError):
        read_pairs(tmp_path / "none.csv")
    with pytest.raises(OptionError):
        Examples(PAIRS, tokenizer, 1, 1)
    with pytest.raises(InputError):
        Examples([], tokenizer, 8, 1)


def pairs_of(path: Path, content: str | bytes, **names: str) -> list[tuple[str, str]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(pair.prompt, pair.completion) for pair in read_pairs(path, **names)]


def test_tables_of_tabs_have_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    head = "prompt\tcompletion\n"
    rows = [('"Hello" he said', " yes"), ('"Open', " a"), ("b", " c"), ('d"', ' "e"'), ("f", ' g"')]
    plain = head + "".join(f"{a}\t{b}\n" for a, b in rows)
    assert pairs_of(path, plain) == rows
    assert pairs_of(path, "\ufeff" + plain.replace("\n", "\r\n")) == rows
    # as pandas writes a cell with quotes, and a file all of whose cells are in quotes
    assert pairs_of(path, head + '"""Hello"" he said"\t yes\n') == rows[:1]
    quoted = '"prompt"\t"completion"\n"""Hello"" he\nsaid"\t" y\tes"\n'
    assert pairs_of(path, quoted) == [('"Hello" he\nsaid', " y\tes")]
    with pytest.raises(InputError, match=r"line 3 has 3 columns, but the header line has 2"):
        pairs_of(path, head + "a\tb\nc\td\te\n")
    with pytest.raises(InputError, match=r"line 2 has no text in the field 'completion'"):
        pairs_of(path, head + "a\n")


def test_tables_of_commas(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert pairs_of(path, "prompt;completion\na, b; c\n") == [("a, b", " c")]
    assert pairs_of(path, "\ufeffprompt,completion\r\n\r\na, b,\r\n") == [("a", " b")]
    with pytest.raises(InputError, match=r"line 2 has 3 columns, but the header line has 2"):
        pairs_of(path, "prompt,completion\nHi,Hello, you\n")
    with pytest.raises(CorruptFileError, match=r"line 3, cannot be parsed as a table"):
        pairs_of(path, 'prompt,completion\na,b\n"Hello" he said, yes\n')


def test_json_that_is_no_lines_or_is_named_otherwise(tmp_path: Path) -> None:
    rows = [{"prompt": "a", "completion": " b"}, {"prompt": "c", "completion": " d"}]
    want = [("a", " b"), ("c", " d")]
    lines = "\n".join(json.dumps(row) for row in rows)
    for content in (json.dumps(rows), json.dumps(rows, indent=1), lines, "\ufeff" + lines):
        assert pairs_of(tmp_path / "a.json", content) == want
    assert pairs_of(tmp_path / "a.jsonl", "\ufeff" + lines) == want
    with pytest.raises(CorruptFileError, match="is not JSON"):
        pairs_of(tmp_path / "a.json", json.dumps(rows)[:-1])


def test_fields_within_fields_and_rows_of_other_forms(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    nested = {"doc": {"q": "a"}, "doc.a": " dotted", "turns": [{"text": " b"}]}
    names = {"prompt": "doc.q", "completion": "turns.0.text"}
    assert pairs_of(path, json.dumps(nested), **names) == [("a", " b")]
    assert pairs_of(path, json.dumps(nested), prompt="doc.q", completion="doc.a")[0][1] == " dotted"
    for row, words in (
        ({"instruction": "a", "input": "", "output": "b"},
         "--prompt-field instruction --completion-field output"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
         "--prompt-field messages.0.content --completion-field messages.1.content"),
        ({"question": "a", "x": 1}, "--prompt-field question --completion-field NAME"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words.replace(".", r"\.")):
            pairs_of(path, json.dumps(row))
