"""Scoring next to lm-evaluation-harness: whether log-likelihoods agree, and the speedup.

    python -m benchmarks.evaluation --harness VENV/bin/python --data FOLDER

The other environment contains lm_eval, transformers and torch (benchmarks/harness.txt). Both get
the same texts, files and weights, and take turns part by part; tokenisation is timed too. The
harness runs at the batch size that is fastest for it on the first part. It measures the bundled
model, and random weights of 124M with GPT-2's own vocabulary. With --models, --on and --add it can
run in pieces of a minute or two.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, ROOT, figure, machine, note_run, spread, table, write
from benchmarks.peers.weights import random_tensors

import gpt2
from gpt2.checkpoint import write_checkpoint
from gpt2.config import GPT2Config
from gpt2.evaluation.benchmark import Subject
from gpt2.evaluation.benchmarks import benchmark
from gpt2.evaluation.benchmarks.detokenise import WIKITEXT
from gpt2.loading import load

BATCHES = (1, 8, 32)
# Examples per part, and parts, by model: a few seconds on two cores.
SIZES = {
    "gpt2-mini": {"lambada": (96, 3), "piqa": (64, 3), "blimp": (134, 3), "wikitext2": (3, 3)},
    "124M": {"lambada": (8, 3), "piqa": (6, 3), "blimp": (24, 3), "wikitext2": (1, 2)},
}
OURS: dict[str, Any] = {"fp32": {"dtype": "fp32", "kv_dtype": "fp32"}, "int8": {"dtype": "int8"}}


class Harness:
    """The other process."""

    def __init__(self, python: str, folder: Path, threads: int) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        environment.pop("PYTHONPATH", None)
        self.process = subprocess.Popen(
            [python, str(ROOT / "benchmarks" / "harness_worker.py"), str(folder), str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=environment,
        )  # fmt: skip
        self.facts = self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the harness's process ended; run harness_worker.py by hand to see.")
        return json.loads(line)

    def ask(self, kind: str, batch: int, arguments: list[Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        print(json.dumps([kind, batch, arguments]), file=self.process.stdin, flush=True)
        found: dict[str, Any] = self._answer()
        return found

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def ours(subject: Subject, kind: str, arguments: list[Any]) -> dict[str, Any]:
    begin = time.perf_counter()
    if kind == "rolling":
        found = subject.scorer.rolling([subject.ids(text) for text in arguments])
        values = [[score.logprob, False] for score in found]
    else:
        scores = subject.scorer.loglikelihood([subject.encode(*pair) for pair in arguments])
        values = [[score.logprob, score.greedy] for score in scores]
    return {"seconds": time.perf_counter() - begin, "values": values}


def requests(name: str, data: Path) -> Iterator[tuple[str, list[Any]]]:
    """The requests of each example: kind and texts, as the tasks of both sides make them."""
    own = benchmark(name)
    for example in own.read(own.find(data)):
        if name == "lambada":
            text = example[1]
            at = text.rindex(" ")
            yield "loglikelihood", [(text[:at], text[at:])]
        elif name == "piqa":
            context = f"Question: {example.goal}\nAnswer:"
            yield "loglikelihood", [(context, f" {s}") for s in example.solutions]
        elif name == "blimp":
            yield "loglikelihood", [("", f" {example.good}"), ("", f" {example.bad}")]
        else:
            yield "rolling", [WIKITEXT.text(example[1])]


def parts_of(name: str, data: Path, size: int, count: int) -> tuple[str, list[list[Any]]]:
    examples = [pair for pair, _ in zip(requests(name, data), range(size * count), strict=False)]
    kind = examples[0][0]
    parts = [examples[i : i + size] for i in range(0, len(examples), size)]
    return kind, [[text for _, texts in part for text in texts] for part in parts]


@contextmanager
def folder_of(model: str, data: Path) -> Iterator[Path]:
    """A model folder with a vocabulary that both sides can load."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if model != "124M":  # packed: the harness gets the same weights in fp32
            gpt2.GPT2LMHeadModel.from_pretrained(model).save_pretrained(folder)
            gpt2.GPT2Tokenizer.from_pretrained(model).save_pretrained(folder)
            yield folder
            return
        config = GPT2Config.published("gpt2", bos_token_id=50256, eos_token_id=50256)
        write_checkpoint(folder, config, random_tensors(config))
        shutil.copy(data / "tokenizer" / "encoder.json", folder / "vocab.json")
        shutil.copy(data / "tokenizer" / "vocab.bpe", folder / "merges.txt")
        yield folder


def compare(
    harness: Harness, engines: dict[str, Subject], kind: str, parts: list[list[Any]], size: int
) -> dict[str, Any]:
    """One set: the largest difference, and examples per second with their ratio."""
    tried: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    for batch in 2 * BATCHES:
        tried[batch].append(harness.ask(kind, batch, parts[0])["seconds"])
    batch = min(tried, key=lambda b: min(tried[b]))
    for subject in engines.values():
        ours(subject, kind, parts[0])
    rates: dict[str, list[float]] = {name: [] for name in ("harness", *engines)}
    largest, relative, flips, count = 0.0, 0.0, 0, 0
    for turn, part in enumerate(parts):
        order = list(rates)[turn % len(rates) :] + list(rates)[: turn % len(rates)]
        found = {
            name: harness.ask(kind, batch, part)
            if name == "harness"
            else ours(engines[name], kind, part)
            for name in order
        }
        for name, own in found.items():
            rates[name].append(size / own["seconds"])
        pairs = list(zip(found["fp32"]["values"], found["harness"]["values"], strict=True))
        largest = max([largest, *(abs(a[0] - b[0]) for a, b in pairs)])
        relative = max([relative, *(abs(a[0] - b[0]) / abs(b[0]) for a, b in pairs)])
        flips += sum(a[1] != b[1] for a, b in pairs)
        count += len(pairs)
    return {
        "kind": kind,
        "requests": count,
        "largest_difference": largest,
        "largest_relative_difference": relative,
        "greedy_differs": flips,
        "harness_batch": batch,
        "examples_per_second": {name: figure(values) for name, values in rates.items()},
        "ratio": {
            name: figure([a / b for a, b in zip(rates[name], rates["harness"], strict=True)])
            for name in engines
        },
    }


def describe(found: dict[str, Any]) -> str:
    rows = [
        [
            f"{model}, {name}",
            f"{f['requests']}",
            f"{f['largest_difference']:.1e}",
            f"{f['largest_relative_difference']:.0e}",
            *(spread(f["examples_per_second"][k], 1) for k in ("harness", "fp32", "int8")),
            *(spread(f["ratio"][k], 2) for k in ("fp32", "int8")),
        ]
        for model, sets in found["models"].items()
        for name, f in sets.items()
    ]
    versions = found["machine"]["versions"]
    head = ["", "requests", "largest difference", "relative", "harness, examples/s", "fp32", "int8"]
    return (
        f"lm-evaluation-harness {versions['lm_eval']} (hf backend, torch {versions['torch']}, "
        "fp32, at its fastest batch size) and the native engine, on the same texts and weights "
        f"with {found['threads']} threads. 124M has random weights. The difference is between the "
        "log-likelihoods of an example at fp32, in nats. A ratio is the median over parts of a "
        "set, which both sides run one after the other. The harness sums the log-probabilities of "
        "a window in single precision, which is visible in sums of tens of thousands.\n\n"
        + table([*head, "fp32 / harness", "int8 / harness"], rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--harness", required=True, help="the other environment's python")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--models", default="gpt2-mini,124M")
    parser.add_argument("--on", default="lambada,piqa,blimp,wikitext2")
    parser.add_argument("--add", action="store_true", help="keep what the result's file has more")
    chosen = parser.parse_args()
    path = RESULTS / "evaluation.json"
    before = json.loads(path.read_text()) if chosen.add and path.exists() else {}
    result: dict[str, Any] = {
        "machine": machine(["numpy"]),
        "threads": chosen.threads,
        "models": before.get("models", {}),
        "measured": before.get("measured", {}),
    }
    for model in chosen.models.split(","):
        with folder_of(model, chosen.data) as folder:
            harness = Harness(chosen.harness, folder, chosen.threads)
            result["machine"]["versions"] |= harness.facts["versions"]
            engines = {
                name: Subject(load(folder, threads=chosen.threads, **options))
                for name, options in OURS.items()
            }
            found = result["models"].setdefault(model, {})
            for name in chosen.on.split(","):
                size, count = SIZES[model][name]
                kind, parts = parts_of(name, chosen.data, size, count)
                found[name] = compare(harness, engines, kind, parts, size)
                note_run(result, f"{model} {name}")
                print(model, name, json.dumps(found[name]), file=sys.stderr, flush=True)
            harness.close()
    print(write("evaluation", result))


if __name__ == "__main__":
    main()
