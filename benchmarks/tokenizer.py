"""The speed of the tokenizer next to tiktoken, tokenizers and transformers.

    python benchmarks/tokenizer.py [--data FOLDER] [--quick]

Writes benchmarks/results/tokenizer.json. All contenders take turns in one process, and their ids
are compared before they are timed.
"""

from __future__ import annotations

import os

os.environ["TOKENIZERS_PARALLELISM"] = "true"

import argparse
import functools
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, interleaved, machine, spread, table, write

from gpt2.tokenizer import GPT2Tokenizer, Tokenizer, train

SENTENCE = "The quick brown fox jumps over the lazy dog."  # 44 characters
Encode = Callable[[str], Any]


def english(data: Path, size: int) -> str:
    with tarfile.open(data / "train/100_english_novels.tar.xz") as archive:
        parts: list[str] = []
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None and sum(map(len, parts)) < size:
                parts.append(stream.read().decode(errors="replace"))
            elif sum(map(len, parts)) >= size:
                break
    return "".join(parts)[:size]


def chinese(data: Path, size: int) -> str:
    lines = (data / "parallel/tatoeba_cmn-eng.txt").read_text(encoding="utf-8").splitlines()
    columns = [column for line in lines for column in line.split("\t")[:2]]
    text = "\n".join(column for column in columns if any("\u4e00" <= c < "\ua000" for c in column))
    return (text * (size // len(text) + 1))[:size]


def code(size: int) -> str:
    files = sorted(Path(os.__file__).parent.glob("*.py"))
    return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)[:size]


def documents(text: str, size: int = 10_000) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def load(data: Path) -> tuple[Tokenizer, Any, Any, Any]:
    import tiktoken
    import tokenizers
    import transformers
    from tiktoken_ext.openai_public import r50k_pat_str

    ours = GPT2Tokenizer.from_pretrained(data / "tokenizer")
    with tempfile.TemporaryDirectory() as folder:
        ours.save_pretrained(folder)
        theirs = transformers.GPT2TokenizerFast.from_pretrained(folder)
        rust = tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    ranks = {ours.token_bytes(i): i for i in range(50256)}
    tik = tiktoken.Encoding(
        "gpt2", pat_str=r50k_pat_str, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 50256}
    )
    return ours, tik, rust, theirs


def one_thread(contenders: dict[str, Encode], docs: list[str], rounds: int) -> dict[str, Any]:
    """MB/s of sequential documents; tokenizers' encode of a single text uses one thread."""
    expected = [contenders["gpt2"](doc) for doc in docs]
    for name, encode in contenders.items():
        if [encode(doc) for doc in docs] != expected:
            raise SystemExit(f"{name} gives other ids")

    def all_by(encode: Encode) -> list[Any]:
        return [encode(doc) for doc in docs]

    runs: dict[str, Callable[[], Any]] = {
        name: functools.partial(all_by, encode) for name, encode in contenders.items()
    }
    return rate(runs, docs, rounds)


def rate(runs: dict[str, Callable[[], Any]], docs: list[str], rounds: int) -> dict[str, Any]:
    megabytes = sum(len(doc.encode()) for doc in docs) / 1e6
    times = interleaved(runs, rounds)
    return {
        "megabytes": megabytes,
        "MB/s": {name: megabytes / t["median"] for name, t in times.items()},
        "seconds": times,
    }


def sentence(contenders: dict[str, Encode], rounds: int, times: int = 2000) -> dict[str, Any]:
    def repeat(encode: Encode) -> None:
        for _ in range(times):
            encode(SENTENCE)

    runs = {name: (lambda e=e: repeat(e)) for name, e in contenders.items()}
    medians = {n: t["median"] / times * 1e6 for n, t in interleaved(runs, rounds).items()}
    return {"characters": len(SENTENCE), "microseconds": medians}


def training(text: str, size: int, rounds: int) -> dict[str, Any]:
    import tokenizers

    def rust() -> None:
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=["<|endoftext|>"],
            show_progress=False,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        )
        model = tokenizers.Tokenizer(tokenizers.models.BPE())
        model.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        model.train_from_iterator(documents(text), trainer)

    runs = {"gpt2": lambda: train([text], size), "tokenizers": rust}
    seconds = interleaved(runs, rounds, warmup=0)
    return {"bytes": len(text.encode()), "vocab_size": size, "seconds": seconds}


def describe(found: dict[str, Any]) -> str:
    names = ("gpt2", "tiktoken", "tokenizers", "transformers")
    rows = []
    for case, figures in found.items():
        unit = next((u for u in ("MB/s", "microseconds", "seconds") if u in _units(figures)), None)
        if case != "machine" and unit is not None:
            rows.append([f"{case}, {unit}", *(_figure(figures, unit, name) for name in names)])
    return (
        "One thread, except for `batch`, which uses all cores. `sentence` has 44 characters; "
        "`training` learns a vocabulary of 8,192 tokens.\n\n" + table(["", *names], rows)
    )


def _units(figures: Any) -> set[str]:
    return set(figures) if isinstance(figures, dict) else set()


def _figure(figures: dict[str, Any], unit: str, name: str) -> str:
    value = figures[unit].get(name)
    if value is None:
        return ""
    if unit == "microseconds":
        return f"{value:.1f}"
    seconds = figures["seconds"][name]
    if unit == "seconds":
        return spread(seconds, 2)
    return spread({key: figures["megabytes"] / passed for key, passed in seconds.items()}, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--quick", action="store_true", help="tiny, to see that it runs")
    options = parser.parse_args()
    size, rounds = (20_000, 1) if options.quick else (4_000_000, 7)
    ours, tik, rust, theirs = load(options.data)
    contenders: dict[str, Encode] = {
        "gpt2": ours.encode,
        "tiktoken": lambda text: tik.encode(text, allowed_special="all"),
        "tokenizers": lambda text: rust.encode(text).ids,
        "transformers": lambda text: theirs(text)["input_ids"],
    }
    result: dict[str, Any] = {
        "machine": machine(["tiktoken", "tokenizers", "transformers"]),
        "quick": options.quick,
        "command": "python -m benchmarks.tokenizer" + (" --quick" if options.quick else ""),
    }
    prose = english(options.data, size)
    texts = {"english": prose, "chinese": chinese(options.data, size // 3), "code": code(size)}
    # A run that tiktoken can still handle: with 1,000,000 spaces it overflows its stack.
    run = size // 80
    texts["adversarial"] = "".join(sign * run + "x" for sign in "a \n1!😀汉\ufffd")
    for name, text in texts.items():
        docs = [text] if name == "adversarial" else documents(text)
        result[name] = one_thread(contenders, docs, rounds)
        print(name, {k: round(v, 1) for k, v in result[name]["MB/s"].items()}, "MB/s")
    docs = documents(prose)
    batches: dict[str, Callable[[], Any]] = {
        "gpt2": lambda: ours(docs, return_attention_mask=False),
        "tiktoken": lambda: tik.encode_batch(docs, num_threads=2, allowed_special="all"),
        "tokenizers": lambda: rust.encode_batch(docs),
        "transformers": lambda: theirs(docs, return_attention_mask=False),
    }
    result["batch"] = rate(batches, docs, rounds)
    print("batch", {k: round(v, 1) for k, v in result["batch"]["MB/s"].items()}, "MB/s")
    result["sentence"] = sentence(contenders, rounds, 100 if options.quick else 2000)
    print("sentence", result["sentence"]["microseconds"], "us")
    vocab_size = 400 if options.quick else 8192
    result["training"] = training(prose, vocab_size, 1 if options.quick else 3)
    print("training", {k: v["median"] for k, v in result["training"]["seconds"].items()}, "s")
    print(write("tokenizer-quick" if options.quick else "tokenizer", result))


if __name__ == "__main__":
    main()
