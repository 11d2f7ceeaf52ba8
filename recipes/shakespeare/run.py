"""nanoGPT's character-level Shakespeare on a CPU: AdamW as published, and better recipes.

    python recipes/shakespeare/run.py --text tinyshakespeare.txt --out out/shakespeare --seeds 5

Searches learning rate and length for tuned AdamW and for Muon, each over a grid of the same size,
then trains every recipe with every seed, in turns, and writes benchmarks/results/shakespeare.json.
After a kill, the same command resumes with the missing runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpt2 import GPT2Config, GPT2LMHeadModel
from gpt2.training.config import Start, TrainingConfig
from gpt2.training.inputs.batches import Whole, Windows
from gpt2.training.loop.trainer import Trainer

ROOT = Path(__file__).resolve().parent.parent.parent
# nanoGPT: config/train_shakespeare_char.py with the README's options for a CPU.
SHAPE = {"n_layer": 4, "n_head": 4, "n_embd": 128, "n_positions": 64}
PUBLISHED = {"steps": 2000, "batch_size": 12, "lr": 1e-3, "min_lr": 0.1, "warmup": 100,
             "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.1, "clip": 1.0}  # fmt: skip
RECIPES: dict[str, dict[str, Any]] = {
    "adamw": PUBLISHED,
    "adamw-tuned": {**PUBLISHED, "min_lr": 0.02, "warmup": 50},
    "muon": {**PUBLISHED, "optimizer": "muon", "min_lr": 0.02, "warmup": 20},
}
# What is searched, for each recipe as many: Muon needs fewer steps, so its grid lies lower.
GRIDS: dict[str, dict[str, list[Any]]] = {
    "adamw-tuned": {"steps": [900, 1050, 1200], "lr": [2e-3, 4e-3, 8e-3]},
    "muon": {"steps": [380, 440, 500], "lr": [5e-3, 1e-2, 2e-2]},
}
GOAL = 1.88  # nats: the published loss
SEARCH_SEED = 100  # none of those that are compared
THREADS = torch.get_num_threads()  # what a run of the search with fewer leaves is no choice


class Characters:
    """A text as the numbers of its characters."""

    def __init__(self, ids: np.ndarray) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    def run(self, start: int, length: int) -> np.ndarray:
        """``length`` of them from ``start`` on."""
        return self.ids[start : start + length].astype(np.int64)


def read(text: Path) -> tuple[int, Characters, Characters]:
    """How many characters there are, the first nine tenths, and the rest."""
    content = text.read_text("utf-8")
    signs = {sign: number for number, sign in enumerate(sorted(set(content)))}
    ids = np.array([signs[sign] for sign in content], np.uint16)
    at = int(0.9 * len(ids))
    return len(signs), Characters(ids[:at]), Characters(ids[at:])


def train(options: dict[str, Any], seed: int, text: Path, folder: Path) -> dict[str, Any]:
    """One run: the loss on the whole validation split, and the seconds it took."""
    vocabulary, train_ids, held_ids = read(text)
    config = TrainingConfig(**options, seed=seed, validate_every=0, sample_every=0,
                            save_minutes=0.0)  # fmt: skip
    torch.set_num_threads(config.threads or THREADS)
    torch.manual_seed(seed)
    none = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    model = GPT2LMHeadModel(
        GPT2Config(**SHAPE, **none, vocab_size=vocabulary, bos_token_id=None, eos_token_id=None)
    )
    trainer = Trainer(
        model,
        Windows(train_ids, 64, config.batch_size, seed),
        config,
        folder,
        from_scratch=True,
        start=Start(overwrite=True),
        show=False,
    )
    begin = time.perf_counter()
    outcome = trainer.run()
    seconds = time.perf_counter() - begin
    if outcome.stopped:
        raise SystemExit(f"stopped after step {outcome.step}: no figure is kept of half a run")
    return {"seed": seed, "options": options, "loss": whole_loss(model, held_ids),
            "seconds": seconds}  # fmt: skip


class Runs:
    """Runs that are kept as lines of a file, so that none is done twice.

    Args:
        path: the file.
        text: what is trained on.
        left: how many new ones may be done; None: all.
    """

    def __init__(self, path: Path, text: Path, left: int | None = None) -> None:
        self.path, self.text, self.left = path, text, left
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self.done: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def get(self, name: str, options: dict[str, Any], seed: int) -> dict[str, Any]:
        """That run: as it was kept, or done now."""
        for run in self.done:
            if (run["recipe"], run["options"], run["seed"]) == (name, options, seed):
                return run
        if self.left is not None:
            if not self.left:
                raise SystemExit(
                    "As many runs as were asked for are done: the same command resumes."
                )
            self.left -= 1
        found = train(options, seed, self.text, self.path.parent / f"{name}-{seed}")
        run = {"recipe": name, **found}
        with self.path.open("a", encoding="utf-8") as file:
            print(json.dumps(run), file=file)
        self.done.append(run)
        print(
            f"{name:>12}  {options['steps']} steps, lr {options['lr']:g}, seed {seed}  "
            f"loss {run['loss']:.4f}  {run['seconds']:.1f} s", flush=True,
        )  # fmt: skip
        return run


def whole_loss(model: GPT2LMHeadModel, ids: Characters) -> float:
    """The mean loss over every character of the validation split but the first."""
    from gpt2.training.reporting.validation import validate

    held = Whole(ids, 64, 64)
    return validate(model, (held.batch(n) for n in range(len(held)))).loss


def search(name: str, runs: Runs, threads: int | None) -> list[dict[str, Any]]:
    """The runs of a recipe's grid."""
    own = {**RECIPES[name], **({"threads": threads} if threads else {})}
    return [
        runs.get(name, {**own, "steps": steps, "lr": lr}, SEARCH_SEED)
        for steps in GRIDS[name]["steps"]
        for lr in GRIDS[name]["lr"]
    ]


def chosen(tried: list[dict[str, Any]]) -> dict[str, Any]:
    """Steps and learning rate of the shortest run that reaches the goal, else of the best one."""
    reach = [run for run in tried if run["loss"] <= GOAL]
    best = min(reach or tried, key=lambda r: (r["options"]["steps"] if reach else 0, r["loss"]))
    return {key: best["options"][key] for key in ("steps", "lr")}


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and greatest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summarise(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """By recipe: its options and what its runs gave, with their spread."""
    return {
        name: {
            "steps": runs[0]["options"]["steps"],
            "options": runs[0]["options"],
            "seeds": [run["seed"] for run in runs],
            **{key: spread([run[key] for run in runs]) for key in ("loss", "seconds")},
            "runs": [{key: run[key] for key in ("seed", "loss", "seconds")} for run in runs],
        }
        for name, runs in found.items()
    }


def main() -> None:
    """The search, then all recipes seed by seed, so that they take turns; then the result."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.common import RESULTS, machine, write

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="The file tinyshakespeare.txt.")
    parser.add_argument("--out", type=Path, required=True, help="The folder of finished runs.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--most", type=int, help="The maximum number of new runs.")
    parser.add_argument("--search", action="store_true", help="Stop after the search.")
    parser.add_argument("--search-threads", type=int, help="Threads per run of the search.")
    parser.add_argument("--output", type=Path, default=RESULTS, help="The folder for the result.")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    tried = Runs(given.out / "search.jsonl", given.text, given.most)
    tuning = {name: search(name, tried, given.search_threads) for name in GRIDS}
    for name, runs in tuning.items():
        print(f"{name}: {chosen(runs)}")
    if given.search:
        return
    kept = Runs(given.out / "runs.jsonl", given.text, tried.left)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in RECIPES}
    for seed in range(given.seeds):
        for name, options in RECIPES.items():
            own = {**options, **(chosen(tuning[name]) if name in tuning else {})}
            found[name].append(kept.get(name, own, seed))
    recipes = summarise(found)
    tuned, muon = (recipes[name]["seconds"]["median"] for name in ("adamw-tuned", "muon"))
    result = {
        "machine": machine(["torch"]),
        "goal": GOAL,
        "recipes": recipes,
        "muon_of_tuned_adamw": muon / tuned,
        "search": {
            name: {
                "grid": GRIDS[name],
                "seed": SEARCH_SEED,
                "chosen": chosen(runs),
                "tried": [
                    {**{key: run["options"][key] for key in ("steps", "lr")}, "loss": run["loss"]}
                    for run in runs
                ],
            }
            for name, runs in tuning.items()
        },
    }
    print(write("shakespeare", result, given.output))


if __name__ == "__main__":
    main()
