"""The time from process start to the first token, and peak memory, next to the peers at int8.

    PYTHONPATH=src:. python -m benchmarks.start [--data FOLDER] [--shape gpt2-xl --alone]

It uses GPT-2 124M with random weights and files in the page cache; contenders take turns, with a
new process each time. Ours is `gpt2 generate`, from text to text, with GPT-2's vocabulary if --data
has it. The peers get token ids and return once the first logits are computed. Memory is the peak of
a process that read 1,000 tokens and generated 23. Writes benchmarks/results/start.json.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import ROOT, machine, spread, table, write
from benchmarks.peers.rotate import Entry, Worker, prepare, wait_for_calm
from benchmarks.peers.weights import made_once, weights_folder

from gpt2.config import PUBLISHED
from gpt2.quantization import quantize
from gpt2.tokenizer import GPT2Tokenizer

PLACE = ROOT / "build" / "bench"
PEERS = [Entry("CTranslate2", "int8"), Entry("ONNX Runtime", "int8"), Entry("OpenVINO", "int8"),
         Entry("llama.cpp", "q8_0"), Entry("transformers", "fp32")]  # fmt: skip
IDS = np.random.default_rng(0).integers(1, 50257, 1000).tolist()
OURS = """
import json, sys
import gpt2
model = gpt2.load(sys.argv[1])
memory = model.new_cache(1)
ids = json.loads(sys.argv[2])
token = int(model.extend(memory, [ids])[0].argmax())
for _ in range(23):
    token = int(model.extend(memory, [[token]])[0].argmax())
status = open("/proc/self/status").read().split("\\n")
print(1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM")))
"""


def packed(weights: Path, data: Path) -> Path:
    """Our int8 file next to a tokenizer: GPT-2's if available."""
    GPT2Tokenizer.from_pretrained(tokenizer(data)).save_pretrained(weights)
    return made_once(
        PLACE / f"{weights.name}-packed-int8",
        lambda p: quantize(weights, p, rounding="nearest", tokens=0),  # random: nothing to gain
    )


def tokenizer(data: Path) -> str:
    """GPT-2's own vocabulary, or if it is missing the smaller one of the bundled model."""
    return str(data / "tokenizer") if (data / "tokenizer").is_dir() else "gpt2-mini"


def size(path: Path) -> int:
    parts = [path] if path.is_file() else path.glob("**/*")
    return sum(part.stat().st_size for part in parts if part.suffix != ".json")


def our_start(folder: Path) -> float:
    line = [sys.executable, "-m", "gpt2", "generate", "Once upon a time", "-m", str(folder), "-q"]
    line += ["--max-new-tokens=1", "--no-do-sample", "--no-echo"]
    begin = time.perf_counter()
    with subprocess.Popen(line, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.read(1)
        passed = time.perf_counter() - begin
        child.stdout.read()
    if child.returncode:
        raise SystemExit("gpt2 generate failed")
    return passed


def peer_start(entry: Entry, file: Path) -> float:
    begin = time.perf_counter()
    child = entry.process(
        "benchmarks.peers.worker", entry.peer, entry.precision, "2", str(file), "{}"
    )
    output, _ = child.communicate(json.dumps(["prefill", IDS[:4]]) + "\n")
    if child.returncode or not output:
        raise SystemExit(f"{entry} failed")
    return time.perf_counter() - begin


def our_peak(folder: Path) -> int:
    line = [sys.executable, "-c", OURS, str(folder), json.dumps(IDS)]
    return int(subprocess.run(line, capture_output=True, text=True, check=True).stdout)


def peer_peak(entry: Entry, weights: Path) -> int:
    worker = Worker(entry, weights)
    worker.ask("decode", [IDS], 23)
    peak = worker.ask("facts")["peak_bytes"]
    worker.close()
    return peak


def describe(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            spread(one["start_seconds"], 2),
            f"{one['peak_bytes'] / 1e6:.0f}",
            f"{one['file_bytes'] / 1e6:.0f}",
        ]
        for name, one in found["contenders"].items()
    ]
    return (
        "Random weights. gpt2 is the command `gpt2 generate` on a packed folder, with text as "
        "input and output; the other libraries get ids. Memory is the peak after reading 1,000 "
        "tokens and generating 23.\n\n"
        + table(["", "process start to first token, s", "peak memory, MB", "file, MB"], rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shape", choices=list(PUBLISHED), default="gpt2")
    parser.add_argument("--alone", action="store_true", help="no peers")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's Python keeps its compiled files
    weights = weights_folder(PLACE, options.shape)
    peers = [] if options.alone else PEERS
    folder = packed(weights, options.data)
    files = {str(entry): prepare(entry, weights) for entry in peers}
    starts: dict[str, Callable[[], float]] = {"gpt2 int8": lambda: our_start(folder)}
    starts |= {str(e): functools.partial(peer_start, e, files[str(e)]) for e in peers}
    seconds: dict[str, list[float]] = {name: [] for name in starts}
    for turn in range(1 + options.rounds):  # the first warms the page cache
        for name, start in starts.items():
            wait_for_calm()
            passed = start()
            seconds[name] += [passed] if turn else []
    peaks = {"gpt2 int8": our_peak(folder)} | {str(e): peer_peak(e, weights) for e in peers}
    sizes = {"gpt2 int8": size(folder)} | {name: size(file) for name, file in files.items()}
    found: dict[str, Any] = {
        name: {
            "start_seconds": {"median": statistics.median(s), "min": min(s), "max": max(s)},
            "all_seconds": s,
            "peak_bytes": peaks[name],
            "file_bytes": sizes[name],
        }
        for name, s in seconds.items()
    }
    for name, one in found.items():
        print(f"{name}: {one['start_seconds']['median']:.2f} s, {one['peak_bytes'] / 1e6:.0f} MB")
    about = {"machine": machine(["numpy"]), "tokenizer": Path(tokenizer(options.data)).name}
    suffix = "" if options.shape == "gpt2" else f"-{options.shape}"
    print(write(f"start{suffix}", about | {"contenders": found}))


if __name__ == "__main__":
    main()
