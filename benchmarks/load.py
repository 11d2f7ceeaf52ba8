"""The load time and memory of a model.

    python benchmarks/load.py [--quick]

It uses random weights of GPT-2's shape (124M) with the file in the page cache. Each load runs in a
separate process and the contenders take turns; imports are not counted. A memory-mapped file is
read on use, so the time to the first logits is reported too. Writes benchmarks/results/load.json;
--quick tries a small model and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, machine, spread, table, write

# Contender -> its imports before the clock starts, the load, one pass over `ids`.
TORCH = "import torch\nids = torch.tensor([[5]])\n"
NUMPY = "import numpy as np\nids = [[5]]\nfrom gpt2.checkpoint import read_checkpoint\n"
FROM_PRETRAINED = "model = GPT2LMHeadModel.from_pretrained(folder)"
FORWARD = "with torch.inference_mode(): model(ids).logits.sum()"
EXTEND = "model.extend(model.new_cache(1), ids)"
NATIVE = "c = read_checkpoint(folder); model = NativeEngine(c.tensors, c.config, dtype={!r})"
IMPORT_NATIVE = NUMPY + "from gpt2.native import NativeEngine"
CONTENDERS = {
    "gpt2 torch": (TORCH + "from gpt2 import GPT2LMHeadModel", FROM_PRETRAINED, FORWARD),
    "transformers": (TORCH + "from transformers import GPT2LMHeadModel", FROM_PRETRAINED, FORWARD),
    "gpt2 native fp32": (IMPORT_NATIVE, NATIVE.format("fp32"), EXTEND),
    "gpt2 native int8": (IMPORT_NATIVE, NATIVE.format("int8"), EXTEND),
    "gpt2 reference": (
        NUMPY + "from gpt2.numpy_engine import NumpyEngine",
        "c = read_checkpoint(folder); model = NumpyEngine(c.tensors, c.config)",
        EXTEND,
    ),
}
PROGRAM = """
import json, sys, time
folder = sys.argv[1]
{imports}
begin = time.perf_counter()
{load}
loaded = time.perf_counter()
{first}
first = time.perf_counter()
status = open("/proc/self/status").read().split("\\n")
peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps({{"load_s": loaded - begin, "first_logits_s": first - begin,
                  "peak_MB": peak / 1024}}))
"""


def measure(name: str, folder: Path) -> dict[str, float]:
    """One load in a separate process: seconds and peak memory."""
    imports, load, first = CONTENDERS[name]
    code = PROGRAM.format(imports=imports, load=load, first=first)
    line = [sys.executable, "-c", code, str(folder)]
    output = subprocess.run(line, capture_output=True, text=True, check=False)
    if output.returncode:
        sys.exit(f"{name}: {output.stderr}")
    return json.loads(output.stdout)


def save_random(folder: Path, quick: bool) -> None:
    """Non-zero weights, so that no page of the file is shared."""
    import numpy as np

    from gpt2.checkpoint import write_checkpoint
    from gpt2.checkpoint.names import expected_shapes
    from gpt2.config import GPT2Config

    config = GPT2Config(n_layer=2, n_embd=64, n_head=2, vocab_size=500) if quick else GPT2Config()
    random = np.random.default_rng(0)
    weights = {
        name: random.standard_normal(shape, np.float32) * np.float32(0.02)
        for name, shape in expected_shapes(config).items()
    }
    write_checkpoint(folder, config, weights)


def describe(found: dict[str, Any]) -> str:
    rows = [
        [name, spread(f["load_s"], 3), spread(f["first_logits_s"], 3), spread(f["peak_MB"])]
        for name, f in found["results"].items()
    ]
    head = ["124M", "load, s", "time to first logits, s", "peak memory, MB"]
    note = "Each load runs in a separate process, with the files in the page cache.\n\n"
    return note + table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rounds = 1 if quick else 7
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        save_random(Path(folder), quick)
        names = list(CONTENDERS)
        for turn in range(1 + rounds):  # the first warms the page cache
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                result = measure(name, Path(folder))
                if turn:
                    found[name].append(result)
    table: dict[str, Any] = {}
    for name, runs in found.items():
        table[name] = {
            key: {"median": statistics.median(run[key] for run in runs),
                  "min": min(run[key] for run in runs), "max": max(run[key] for run in runs)}
            for key in runs[0]
        }  # fmt: skip
        figures = "  ".join(f"{key} {value['median']:.3f}" for key, value in table[name].items())
        print(f"{name:<18} {figures}")
    if not quick:
        versions = machine(["torch", "transformers", "numpy", "safetensors"])
        place = write("load", {"machine": versions, "rounds": rounds, "results": table})
        print(place.relative_to(ROOT))


if __name__ == "__main__":
    main()
