"""The bundled model's recipe compared with nanoGPT's, on the same tokens, seeds and shape.

    PYTHONPATH=src:. python -m benchmarks.mini_recipes --data ../shared/data [--tokens 5]

Both train from scratch on the trunk's mix with the same rows in the same order, and are measured in
bits per byte of the held-out texts. Ours is the recipe of `recipes.mini`: Muon, warm-up, a constant
rate and a linear decay. nanoGPT's is that of its `config/train_shakespeare_char.py`: AdamW, 1e-3
falling to 1e-4 by a cosine, 100 steps of warm-up, beta2 0.99, weight decay 0.1, no dropout (as it
recommends for a CPU). A run with existing figures or an existing model is not repeated, so the
seeds can be trained in several sessions; figures are stored separately for each number of tokens.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, machine, table, write
from recipes.mini import measure, rungs
from recipes.mini.sources import WORK

ROWS = 16  # half of the trunk's, so that little text gives enough steps
RECIPES: dict[str, dict[str, Any]] = {
    "ours": {
        "optimizer": "muon", "lr": rungs.LR, "schedule": "wsd", "warmup": 20, "decay": 0.25,
        "min-lr": 0.0,
    },
    "nanoGPT's": {
        "optimizer": "adamw", "lr": 1e-3, "schedule": "cosine", "warmup": 100, "min-lr": 0.1,
        "beta2": 0.99, "weight-decay": 0.1,
    },
}  # fmt: skip


def trained(name: str, seed: int, steps: int, asked: argparse.Namespace) -> dict[str, float]:
    """Bits per byte on every held-out text after a run."""
    short = name.removesuffix("'s")
    run = WORK / "recipes" / f"{short}-{steps}-{seed}"
    if not (run / "model").exists():
        rungs.train(
            run, rungs.prepared("trunk"), asked.minutes, **rungs.SHAPE, **RECIPES[name],
            steps=steps, seed=seed, threads=asked.threads,
            **{"batch-size": ROWS, "validate-every": 0, "sample-every": 0},
        )  # fmt: skip
    return measure.held_out(run / "model", asked.data)


def compare(asked: argparse.Namespace) -> None:
    """Run every recipe with every seed in turns; earlier measurements are kept."""
    steps = round(asked.tokens * 1e6 / ROWS / rungs.CONTEXT)
    before = RESULTS / "mini_recipes.json"
    runs = json.loads(before.read_text())["runs"] if before.exists() else {}
    here = machine(["torch"])
    empty = {"tokens": steps * ROWS * rungs.CONTEXT, "bits": {name: {} for name in RECIPES}}
    run = runs.setdefault(str(steps), {"machine": here, **empty})
    for seed in map(str, range(asked.seeds)):
        for name, bits in run["bits"].items():
            if seed not in bits:
                bits[seed] = trained(name, int(seed), steps, asked)
                print(name, seed, bits[seed], flush=True)
        write("mini_recipes", {"machine": here, "runs": runs}, RESULTS)


def describe(results: dict[str, Any]) -> str:
    """The section of the results page."""
    head = (
        "Bits per byte of held-out texts after training in bf16 on the same text, in the same"
        " order, with the same shape and seeds. nanoGPT's recipe is the one it publishes for a"
        " small model of its own, not tuned for this text; ours uses the learning rate of the"
        " trunk. The last column is the difference per seed. Each figure is the mean, with the"
        " minimum and the maximum in brackets."
    )
    return "\n\n".join([head, *(_run(steps, run) for steps, run in results["runs"].items())])


def _run(steps: str, run: dict[str, Any]) -> str:
    """A table of the runs with one number of tokens."""
    ours, theirs = (list(run["bits"][name].values()) for name in RECIPES)
    rows = []
    for text in ours[0]:
        own, other = [one[text] for one in ours], [one[text] for one in theirs]
        lead = [b - a for a, b in zip(own, other, strict=True)]
        rows.append([text, _seeds(own), _seeds(other), _seeds(lead)])
    made = run["machine"]
    seeds = f"{len(ours)} seeds" if len(ours) > 1 else "1 seed, so the spread is unknown"
    head = (
        f"{run['tokens'] / 1e6:.1f}M tokens ({steps} steps), {seeds}; trained on"
        f" {made['processor']}, commit {made['commit']}:\n\n"
    )
    return head + table(["text", "our recipe", "nanoGPT's recipe", "ours lower by"], rows)


def _seeds(values: list[float]) -> str:
    spread = f" ({min(values):.3f}-{max(values):.3f})" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--tokens", type=float, default=5.0, help="millions, of each run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=100.0, help="the longest run")
    compare(parser.parse_args())


if __name__ == "__main__":
    main()
