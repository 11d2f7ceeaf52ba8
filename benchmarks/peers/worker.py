"""Runs one contender in a separate process, which reads and writes lines of JSON.

    python -m benchmarks.peers.worker PEER PRECISION THREADS FILE SETTINGS
    python -m benchmarks.peers.worker --prepare PEER PRECISION WEIGHTS    make and print that file

Commands: ["facts"], ["logits", ids], ["prefill", ids], ["decode", prompts, steps]. While it waits
it is blocked in a read, so it takes no CPU time from the contender whose turn it is.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS


def prepared(peer: str, precision: str, weights: Path) -> Path:
    """The peer's file for that precision, next to the weights."""
    module = importlib.import_module(f"benchmarks.peers.{PEERS[peer]}")
    if not hasattr(module, "prepare"):
        return weights
    return module.prepare(weights, weights.parent, precision)


def peak_bytes() -> int:
    """The peak memory of this program. (ru_maxrss would include the parent's.)"""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM"))


def facts(module: Any, file: Path, loaded: float) -> dict[str, Any]:
    parts = [file] if file.is_file() else [p for p in file.rglob("*") if p.is_file()]
    return {
        "versions": {name: metadata.version(name) for name in module.PACKAGES},
        "file": file.name,
        "file_bytes": sum(part.stat().st_size for part in parts),
        "load_seconds": loaded,
        "peak_bytes": peak_bytes(),
        "cpu_seconds": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
    }


def answer(contender: Any, order: list[Any]) -> Any:
    name, *arguments = order
    result = getattr(contender, name)(*arguments)
    return result.tolist() if name == "logits" else result


def main() -> None:
    if sys.argv[1] == "--prepare":
        print(prepared(sys.argv[2], sys.argv[3], Path(sys.argv[4])))
        return
    peer, precision, threads, file, settings = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the output of a library must not be taken for an answer
    module = importlib.import_module(f"benchmarks.peers.{PEERS[peer]}")
    begin = time.perf_counter()
    contender = module.load(Path(file), precision, int(threads), **json.loads(settings))
    loaded = time.perf_counter() - begin
    for line in sys.stdin:
        order = json.loads(line)
        found = (
            facts(module, Path(file), loaded) if order[0] == "facts" else answer(contender, order)
        )
        print(json.dumps(found), file=replies, flush=True)


if __name__ == "__main__":
    main()
