"""The generation speed of the torch and the native engine next to transformers.

    python benchmarks/generate.py [--quick]

It uses random weights of GPT-2's shape (124M) in float32, greedy decoding and two threads. Writes
benchmarks/results/generate.json; --quick tries a small model and writes nothing. Generated ids are
compared before anything is timed. Load time and peak memory are each measured in a separate
process.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, interleaved, machine, spread, table, times, write

THREADS = 2
SPREAD = {"median": "median", "min": "max", "max": "min"}  # the longest time, the lowest speed
NAMES = ("gpt2", "native", "transformers")  # the torch engine, the C++ engine, the peer


def load(name: str, folder: str | Path) -> Any:
    """The model in evaluation mode; imports only that library, so that the memory is its own."""
    if name == "native":  # float32 weights, keys and values, like the others
        return native(folder)
    return importlib.import_module(name).GPT2LMHeadModel.from_pretrained(folder).eval()


def native(folder: str | Path) -> Any:
    from gpt2.checkpoint import read_checkpoint
    from gpt2.native import NativeEngine

    found = read_checkpoint(Path(folder))
    return NativeEngine(found.tensors, found.config, kv_dtype="fp32", threads=THREADS)


def peak_bytes() -> int:
    """The peak memory of this program. (ru_maxrss would include the parent's.)"""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM"))


def save_random(folder: Path, quick: bool) -> None:
    """Weights large enough that no two logits are close, so both libraries pick the same tokens."""
    import torch
    import transformers

    tiny: dict[str, Any] = {"n_layer": 2, "n_embd": 64, "n_head": 2, "vocab_size": 500}
    torch.manual_seed(0)
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(**tiny if quick else {}, bos_token_id=0, eos_token_id=None)
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    model.save_pretrained(folder)


def write_on(model: Any, ids: Any, new: int) -> Any:
    """Exactly ``new`` greedy tokens after each row."""
    import torch

    return model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=new,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
    )


def speed(models: dict[str, Any], length: int, rows: int, new: int, rounds: int) -> dict[str, Any]:
    """Tokens per second: median, minimum and maximum, with and without the time of the prompt.

    ``decode`` subtracts the median time of a run that generates one token.
    """
    import torch

    ids = torch.randint(1, models["gpt2"].config.vocab_size, (rows, length))
    written = [write_on(model, ids, new).tolist() for model in models.values()]

    def timed(count: int) -> dict[str, dict[str, float]]:
        runs = {name: lambda m=model: write_on(m, ids, count) for name, model in models.items()}
        return interleaved(runs, rounds)

    seconds, prompt = timed(new), timed(1)
    rates = {
        name: {
            **{at: rows * new / s[other] for at, other in SPREAD.items()},
            "decode": rows * (new - 1) / (s["median"] - prompt[name]["median"]),
        }
        for name, s in seconds.items()
    }
    peer = rates["transformers"]["median"]
    return {
        "prompt": length,
        "batch": rows,
        "new_tokens": new,
        "same_ids": all(ids_ == written[-1] for ids_ in written),
        "tokens_per_second": rates,
        "prompt_seconds": prompt,
        "ratio": {name: rates[name]["median"] / peer for name in NAMES[:-1]},
    }


def alone(name: str, folder: str, new: int) -> None:
    """In a new process: seconds to import and then to load (warm files), and peak memory.

    PyTorch is imported before, for the native engine too, and counts in the memory of each.
    """
    import torch

    Path(folder, "model.safetensors").read_bytes()
    begin = time.perf_counter()
    if name == "native":
        importlib.import_module("gpt2.native.engine")
    else:
        importlib.import_module(name).GPT2LMHeadModel  # noqa: B018 - imported when first asked
    imported = time.perf_counter() - begin
    model = load(name, folder)
    loaded = time.perf_counter() - begin - imported
    write_on(model, torch.ones((1, 32), dtype=torch.long), new)
    print(
        json.dumps({"import_seconds": imported, "load_seconds": loaded, "peak_bytes": peak_bytes()})
    )


def in_fresh_processes(folder: str, new: int, rounds: int) -> dict[str, Any]:
    """`alone` for each, in turns; all times, shortest first, and the largest peak."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    for _ in range(rounds):
        for name, results in seen.items():
            command = [
                sys.executable,
                "-m",
                "benchmarks.generate",
                "--alone",
                name,
                folder,
                str(new),
            ]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
            results.append(json.loads(done.stdout.splitlines()[-1]))
    return {
        name: {
            "import_seconds": sorted(r["import_seconds"] for r in results),
            "load_seconds": sorted(r["load_seconds"] for r in results),
            "peak_bytes": max(r["peak_bytes"] for r in results),
        }
        for name, results in seen.items()
    }


def describe(found: dict[str, Any]) -> str:
    names = {"gpt2": "torch engine", "native": "native engine", "transformers": "transformers"}
    rows = [
        [
            f"{case['prompt']}, {case['batch']}",
            *(spread(rates[name], 1) for name in names),
            *(times(rates[name], rates["transformers"]) for name in ("gpt2", "native")),
            "yes" if case["same_ids"] else "no",
        ]
        for case in found["speed"]
        for rates in [case["tokens_per_second"]]
    ]
    head = ["prompt, batch", *names.values(), "torch / tf", "native / tf", "same ids"]
    return (
        "Greedy `generate` with 124M random weights in fp32: tokens per second, including the time "
        "to read the prompt.\n\n" + table(head, rows)
    )


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small model, nothing written")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    if options.alone:
        name, folder, new = options.alone
        alone(name, folder, int(new))
        return
    new, rounds = (8, 2) if options.quick else (64, 5)
    with tempfile.TemporaryDirectory() as folder:
        save_random(Path(folder), options.quick)
        models = {name: load(name, folder) for name in NAMES}
        result: dict[str, Any] = {
            "machine": machine(["torch", "transformers"]) | {"threads": THREADS},
            "speed": [speed(models, t, b, new, rounds) for t in (32, 512) for b in (1, 8)],
        }
        del models
        result["process"] = in_fresh_processes(folder, new, rounds)
    print(json.dumps(result, indent=2))
    if not options.quick:
        write("generate", result)


if __name__ == "__main__":
    main()
