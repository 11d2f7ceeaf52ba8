"""The native engine next to its peers, on the same random weights of GPT-2 124M.

    python -m benchmarks.peers tune [CLASS ...]    all settings, briefly; the best of each is kept
    python -m benchmarks.peers TASK ...            decode-32, decode-512, prefill-512, batch-8, ...
    python -m benchmarks.peers TASK ... --all --name NAME --without PEER
                                                   on another processor: all settings, untuned

Contenders are processes that take turns; their logits are first compared with the reference's.
Writes benchmarks/results/peers-settings.json and peers-TASK.json, or with --name
peers-TASK-NAME.json. A task runs each peer with its best settings in peers-settings.json; those
that are not listed there for a number format use the default settings.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import RESULTS, ROOT, machine, write
from benchmarks.peers.entries import CLASSES, USUAL
from benchmarks.peers.rotate import THREADS, Entry, Worker, in_turns
from benchmarks.peers.weights import weights_folder

PLACE = ROOT / "build" / "bench"
# The largest allowed distance from the reference's logits, relative to their own spread. Random
# weights are more sensitive to 4 bits than trained ones.
ERRORS = {"fp32": 0.002, "fp16": 0.05, "int8": 0.1, "int4": 0.5, "int4, head in int8": 0.5}


@dataclasses.dataclass(frozen=True)
class Task:
    """Prompts, their tokens, and the steps after them; 0 steps means the prompt itself."""

    rows: int
    prompt: int
    steps: int

    @property
    def tokens(self) -> int:
        """The number of tokens that a turn counts."""
        return self.rows * (self.steps or self.prompt)

    def order(self) -> list[Any]:
        """The command for a worker."""
        random = np.random.default_rng(self.rows + self.prompt)
        prompts = random.integers(1, 50257, (self.rows, self.prompt)).tolist()
        return ["decode", prompts, self.steps] if self.steps else ["prefill", prompts[0]]


TASKS = {
    "decode-32": Task(1, 32, 32),
    "decode-512": Task(1, 512, 32),
    "prefill-512": Task(1, 512, 0),
    "batch-8": Task(8, 32, 12),
    "batch-32": Task(32, 32, 6),
}


@functools.cache
def reference_logits(weights: Path, ids: tuple[int, ...]) -> np.ndarray:
    from gpt2.checkpoint import read_checkpoint
    from gpt2.numpy_engine import NumpyEngine

    found = read_checkpoint(weights)
    engine = NumpyEngine(found.tensors, found.config)
    return np.asarray(engine.extend(engine.new_cache(1), [list(ids)]))[0]


def started(entries: Sequence[tuple[str, Entry]], weights: Path) -> list[tuple[str, Worker]]:
    """Start the workers of the entries and check that each computes the given model."""
    ids = np.random.default_rng(1).integers(1, 50257, 40).tolist()
    truth = reference_logits(weights, tuple(ids))
    workers = []
    for kind, entry in entries:
        worker = Worker(entry, weights)
        found = np.array(worker.ask("logits", ids))
        worker.error = float(np.linalg.norm(found - truth) / np.linalg.norm(truth - truth.mean()))
        same = found.argmax() == truth.argmax() or kind.startswith("int4")  # 4 bits may change it
        if not worker.error < ERRORS[kind] or not same:
            raise SystemExit(f"{entry} computes another model: {worker.error:.3f} off")
        workers.append((kind, worker))
    return workers


def measure(workers: Sequence[tuple[str, Worker]], task: Task, rounds: int) -> dict[str, Any]:
    """Name of an entry -> its description, its tokens per second and all its seconds."""
    seconds = in_turns([worker for _, worker in workers], task.order(), rounds)
    result = {}
    for (kind, worker), all_ in zip(workers, seconds, strict=True):
        rates = sorted(task.tokens / s for s in all_)
        result[f"{kind}: {worker.entry}"] = {
            "class": kind,
            **dataclasses.asdict(worker.entry),
            "tokens_per_second": {"median": statistics.median(rates), "min": rates[0],
                                  "max": rates[-1]},
            "seconds": all_,
            "logits_error": worker.error,
            "facts": worker.ask("facts"),
        }  # fmt: skip
        print(f"{kind}: {worker.entry}: {statistics.median(rates):.1f}", flush=True)
    return result


def about() -> dict[str, Any]:
    return {
        "machine": machine(["numpy"]) | {"threads": THREADS},
        "model": "gpt2 (124M), random weights",
    }


def tune(names: Sequence[str], weights: Path, rounds: int) -> None:
    """Try every setting of some classes on every task; other classes in the file are kept."""
    path = RESULTS / "peers-settings.json"
    found = json.loads(path.read_text("utf-8")) if path.exists() else {"tasks": {}}
    for name in names:
        kind, _, peer = name.partition("/")
        entries = [e for e in CLASSES[kind] if peer in ("", f"{e.peer}/{e.precision}", e.peer)]
        print(kind, peer, len(entries), flush=True)
        for entry in entries:
            [(_, worker)] = started([(kind, entry)], weights)
            for task_name, task in TASKS.items():
                tried = found["tasks"].setdefault(task_name, {})
                tried.update(measure([(kind, worker)], task, rounds))
            worker.close()
            write("peers-settings", found | about())


def best(task: str) -> list[tuple[str, Entry]]:
    """For each peer and number format, the entry that was fastest at this task when tuned.

    A peer that was not tuned in a format has its default entries.
    """
    path = RESULTS / "peers-settings.json"
    tried = json.loads(path.read_text("utf-8"))["tasks"].get(task, {}) if path.exists() else {}
    chosen: dict[tuple[str, str, str], tuple[float, Entry]] = {}
    for one in tried.values():
        entry = Entry(*(one[key] for key in ("peer", "precision", "settings", "environment")))
        # llama.cpp's differently named types store different numbers: each is compared
        form = entry.precision if entry.peer in ("llama.cpp", "gpt2") else ""
        speed, key = one["tokens_per_second"]["median"], (one["class"], entry.peer, form)
        if key not in chosen or speed > chosen[key][0]:
            chosen[key] = speed, entry
    fastest = [(kind, entry) for (kind, _, _), (_, entry) in chosen.items()]
    known = {(kind, entry.peer) for kind, entry in fastest}
    return [*fastest, *(one for one in USUAL if (one[0], one[1].peer) not in known)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", help="tune [CLASS[/PEER[/PRECISION]] ...], or tasks")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kinds", nargs="+", choices=list(CLASSES), default=list(CLASSES),
                        help="which kinds of numbers take part in tasks")  # fmt: skip
    parser.add_argument("--all", action="store_true", help="every setting, not the best when tuned")
    parser.add_argument("--without", nargs="+", default=[], help="peers that do not take part")
    parser.add_argument("--name", default="", help="the end of the results' name")
    options = parser.parse_args()
    weights = weights_folder(PLACE)
    if options.what[0] == "tune":
        tune(options.what[1:] or list(CLASSES), weights, options.rounds)
        return
    workers: list[tuple[str, Worker]] = []
    for name in options.what:
        every = [(kind, entry) for kind, entries in CLASSES.items() for entry in entries]
        wanted = [
            (kind, entry)
            for kind, entry in (every if options.all else best(name))
            if kind in options.kinds and entry.peer not in options.without
        ]
        if [(kind, worker.entry) for kind, worker in workers] != wanted:
            for _, worker in workers:
                worker.close()
            workers = started(wanted, weights)
        result = about() | {"task": name, **dataclasses.asdict(TASKS[name])}
        if options.without:
            result["caveat"] = f"Not measured there: {', '.join(options.without)}."
        result |= {"contenders": measure(workers, TASKS[name], options.rounds)}
        result["machine"]["load_after"] = os.getloadavg()[0]
        print(write("-".join(["peers", name, *filter(None, [options.name])]), result), flush=True)
    for _, worker in workers:
        worker.close()


if __name__ == "__main__":
    main()
