"""Which vocabulary, shape and learning rate suit the bundled model: short runs that differ in one.

    PYTHONPATH=src:. python -m benchmarks.mini_scaling --data ../shared/data [--tokens 3]

Every run trains the recipe of `recipes.mini` (Muon, warm-up, a constant rate and a linear decay)
on the trunk's mix with one seed. They are compared by bits per byte of the held-out texts, a
measure that does not depend on the vocabulary. A run with existing figures or an existing model is
not repeated, so the runs can be trained in several sessions.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, machine, table, write
from benchmarks.mini_recipes import RECIPES, ROWS
from recipes.mini import measure, mix, rungs
from recipes.mini.sources import WORK

import gpt2

BASE = "the recipe"
SMALL = 4096  # the other vocabulary
CHANGES: dict[str, dict[str, Any]] = {
    BASE: {},
    f"vocabulary of {SMALL:,}": {},
    "6 layers, 384 wide": {"width": 384, "heads": 6},
    "half the learning rate": {"lr": rungs.LR / 2},
    "twice the learning rate": {"lr": rungs.LR * 2},
}


def tokens_of(name: str, data: Path) -> Path:
    """The trunk's mix in the vocabulary of a run."""
    if not name.startswith("vocabulary"):
        return rungs.prepared("trunk")
    mix.vocabulary(data, WORK / f"vocabulary-{SMALL}", SMALL)
    return rungs.prepared("trunk", f"vocabulary-{SMALL}")


def trained(name: str, steps: int, asked: argparse.Namespace) -> dict[str, Any]:
    """A run: its parameters, the bytes of text it read, bits a byte of each held-out text."""
    run = WORK / "scaling" / f"{name.replace(' ', '-').replace(',', '')}-{steps}"
    tokens = tokens_of(name, asked.data)
    if not (run / "model").exists():
        options = {**rungs.SHAPE, **RECIPES["ours"], **CHANGES[name]}
        options |= {"batch-size": ROWS, "validate-every": 0, "sample-every": 0}
        rungs.train(run, tokens, asked.minutes, **options, steps=steps, threads=asked.threads)
    split = json.loads((tokens / "manifest.json").read_text())["splits"]["train"]
    return {
        "parameters": gpt2.load(str(run / "model")).config.parameter_count(),
        "bytes": round(steps * ROWS * rungs.CONTEXT * split["bytes"] / split["tokens"]),
        "bits": measure.held_out(run / "model", asked.data),
    }


def describe(results: dict[str, Any]) -> str:
    """The section of the results page."""
    runs = results["runs"]
    texts = list(runs[BASE]["bits"])
    rows = [
        [name, f"{run['parameters'] / 1e6:.1f}M", f"{run['bytes'] / 1e6:.1f} MB"]
        + [f"{run['bits'][text]:.3f}" for text in texts]
        for name, run in runs.items()
    ]
    return (
        f"Bits per byte of held-out texts after {results['tokens'] / 1e6:.1f}M tokens"
        f" ({results['steps']} steps, one seed, bf16). Each run differs from the recipe in one"
        " thing; the recipe has 6 layers of width 320, a vocabulary of 8,192 and a learning rate of"
        f" {rungs.LR}. The spread of the recipe's seeds is in the section before.\n\n"
        + table(["run", "parameters", "text read", *texts], rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--tokens", type=float, default=3.0, help="millions, of each run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=100.0, help="the longest run")
    asked = parser.parse_args()
    steps = round(asked.tokens * 1e6 / ROWS / rungs.CONTEXT)
    before = RESULTS / "mini_scaling.json"
    results: dict[str, Any] = json.loads(before.read_text()) if before.exists() else {"runs": {}}
    if results.setdefault("steps", steps) != steps:
        raise SystemExit(f"{before} has runs of {results['steps']} steps: move it, or ask for them")
    results |= {"machine": machine(["torch"]), "tokens": steps * ROWS * rungs.CONTEXT}
    for name in CHANGES:
        if name not in results["runs"]:
            results["runs"][name] = trained(name, steps, asked)
            print(name, results["runs"][name], flush=True)
            write("mini_scaling", results, RESULTS)


if __name__ == "__main__":
    main()
