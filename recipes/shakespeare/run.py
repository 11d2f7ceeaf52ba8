"""nanoGPT's character-level Shakespeare on a CPU: AdamW as published, and better recipes.

    python recipes/shakespeare/run.py --text tinyshakespeare.txt --out out/shakespeare --seeds 5

Prints, and appends to runs.jsonl, the loss on the whole validation split and the seconds spent.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpt2 import GPT2Config, GPT2LMHeadModel
from gpt2.training.batches import Whole, Windows
from gpt2.training.config import TrainingConfig
from gpt2.training.loop import Trainer

# nanoGPT: config/train_shakespeare_char.py with the README's options for a CPU.
SHAPE = {"n_layer": 4, "n_head": 4, "n_embd": 128, "n_positions": 64}
PUBLISHED = {"steps": 2000, "batch_size": 12, "lr": 1e-3, "min_lr": 0.1, "warmup": 100,
             "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.1, "clip": 1.0}  # fmt: skip
RECIPES: dict[str, dict[str, Any]] = {
    "adamw": PUBLISHED,
    "adamw-tuned": {**PUBLISHED, "lr": 4e-3, "min_lr": 0.02, "steps": 1150, "warmup": 50},
    "muon": {**PUBLISHED, "optimizer": "muon", "lr": 1e-2, "min_lr": 0.02, "steps": 520,
             "warmup": 20},
}  # fmt: skip
GRID = {"lr": [2e-3, 4e-3, 8e-3, 1.6e-2], "steps": [600, 900, 1200, 1600]}  # for --tune


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


def train(name: str, options: dict[str, Any], seed: int, text: Path, out: Path) -> dict[str, Any]:
    """One run; what it found."""
    vocabulary, train_ids, held_ids = read(text)
    config = TrainingConfig(**options, seed=seed, validate_every=0, sample_every=0,
                            save_minutes=0.0)  # fmt: skip
    torch.manual_seed(seed)
    none = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    model = GPT2LMHeadModel(
        GPT2Config(**SHAPE, **none, vocab_size=vocabulary, bos_token_id=None, eos_token_id=None)
    )
    trainer = Trainer(
        model,
        Windows(train_ids, 64, config.batch_size, seed),
        config,
        out / f"{name}-{seed}",
        from_scratch=True,
        overwrite=True,
        show=False,
    )
    begin = time.perf_counter()
    outcome = trainer.run()
    seconds = time.perf_counter() - begin
    if outcome.stopped:
        raise SystemExit(f"stopped after step {outcome.step}: no figure is kept of half a run")
    loss = whole_loss(model, held_ids)
    found = {"recipe": name, "seed": seed, "loss": loss, "seconds": seconds, "options": options}
    with (out / "runs.jsonl").open("a", encoding="utf-8") as file:
        print(json.dumps(found), file=file)
    print(f"{name:>12}  seed {seed}  loss {loss:.4f}  {seconds:.1f} s", flush=True)
    return found


def whole_loss(model: GPT2LMHeadModel, ids: Characters) -> float:
    """The mean loss over every character of the validation split but the first."""
    from gpt2.training.validate import validate

    held = Whole(ids, 64, 64)
    return validate(model, (held.batch(n) for n in range(len(held)))).loss


def summarise(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Median, least and greatest of loss and seconds, by recipe."""
    summary: dict[str, Any] = {}
    for name in dict.fromkeys(run["recipe"] for run in found):
        runs = [run for run in found if run["recipe"] == name]
        summary[name] = {
            key: {
                "median": statistics.median(run[key] for run in runs),
                "min": min(run[key] for run in runs),
                "max": max(run[key] for run in runs),
            }
            for key in ("loss", "seconds")
        }
    return summary


def main() -> None:
    """All runs that were asked for, seed by seed, so that recipes take turns."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="tinyshakespeare.txt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--tune", choices=RECIPES, help="try the grid of a recipe, with one seed")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.tune:
        for steps in GRID["steps"]:
            for lr in GRID["lr"]:
                options = {**RECIPES[given.tune], "lr": lr, "steps": steps}
                train(f"{given.tune}-{steps}-{lr:g}", options, 0, given.text, given.out)
        return
    found = [
        train(name, RECIPES[name], seed, given.text, given.out)
        for seed in range(given.seeds)
        for name in given.recipes
    ]
    summary = summarise(found)
    (given.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
