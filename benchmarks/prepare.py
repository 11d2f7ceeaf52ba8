"""The throughput of `gpt2 prepare` relative to that of the tokenizer.

    python -m benchmarks.prepare [--data FOLDER] [--quick]

Writes benchmarks/results/prepare.json. The contenders take turns on the same novels: the tokenizer
on texts in memory, on all cores, with threads and with processes; and `prepare`, which also reads,
hashes, splits and writes. Each prepared folder is new, so the third of a second for writing its
tokenizer counts.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tarfile
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, interleaved, machine, spread, table, write

from gpt2.data import PrepareConfig, prepare
from gpt2.tokenizer import GPT2Tokenizer, Tokenizer


def novels(data: Path, folder: Path, most: int) -> list[str]:
    """Texts of the first novels, also written to ``folder/plain`` and ``folder/novels.tar.xz``."""
    (folder / "plain").mkdir()
    source = data / "train/100_english_novels.tar.xz"
    texts: list[str] = []
    with tarfile.open(source) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None and len(texts) < most:
                path = folder / "plain" / Path(member.name).name
                path.write_bytes(stream.read())
                texts.append(path.read_text("utf-8"))
    with tarfile.open(folder / "novels.tar.xz", "w:xz", preset=1) as packed:
        packed.add(folder / "plain", "plain")
    return texts


def encode_all(tokenizer: Tokenizer, texts: list[str]) -> None:
    for text in texts:
        tokenizer.encode(text)


def processes(tokenizer: Tokenizer, texts: list[str], cores: int) -> None:
    fork = multiprocessing.get_context("fork")
    parts = [texts[n::cores] for n in range(cores)]
    workers = [fork.Process(target=encode_all, args=(tokenizer, part)) for part in parts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def describe(found: dict[str, Any]) -> str:
    rows = [
        [case, spread(rate, 1), f"{found['share'][case]:.2f}"]
        for case, rate in found["MB/s"].items()
    ]
    note = (
        f"{found['documents']} novels, {found['megabytes']:.0f} MB, GPT-2's vocabulary, all cores. "
        "The share is relative to the faster of the two tokenizer-only rows.\n\n"
    )
    return note + table(["", "MB/s", "share"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--quick", action="store_true", help="tiny, to see that it runs")
    options = parser.parse_args()
    most, rounds = (2, 1) if options.quick else (30, 5)
    tokenizer = GPT2Tokenizer.from_pretrained(options.data / "tokenizer")
    tokenizer.encode("a")
    cores = len(os.sched_getaffinity(0))
    result: dict[str, Any] = {
        "machine": machine(["tiktoken"]),
        "command": "python -m benchmarks.prepare" + (" --quick" if options.quick else ""),
    }
    with tempfile.TemporaryDirectory() as name:
        folder, turn = Path(name), count()
        texts = novels(options.data, folder, most)
        outs = (folder / f"out{n}" for n in turn)

        def prepared(source: str, *filters: str) -> None:
            prepare([folder / source], next(outs), tokenizer, PrepareConfig(filter=list(filters)))

        times = interleaved(
            {
                "tokenizer, threads": lambda: tokenizer(texts, return_attention_mask=False),
                "tokenizer, processes": lambda: processes(tokenizer, texts, cores),
                "prepare, plain": lambda: prepared("plain"),
                "prepare, tar.xz": lambda: prepared("novels.tar.xz"),
                "prepare, plain, dedup": lambda: prepared("plain", "dedup"),
            },
            rounds,
        )
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    result |= {"megabytes": megabytes, "documents": len(texts), "seconds": times}
    result["MB/s"] = {
        case: {k: megabytes / t[k] for k in ("median", "min", "max")} for case, t in times.items()
    }
    best = min(times[case]["median"] for case in times if case.startswith("tokenizer"))
    result["share"] = {case: best / times[case]["median"] for case in times}
    for case, figures in result["MB/s"].items():
        print(f"{case}: {figures['median']:.1f} MB/s, {result['share'][case]:.2f} of the best")
    print(write("prepare-quick" if options.quick else "prepare", result))


if __name__ == "__main__":
    main()
