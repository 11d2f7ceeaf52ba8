"""Fine-tune on your own letters and compare before and after. PyTorch: pip install '.[torch]'.

python examples/letters.py FOLDER [OUTPUT] [STEPS]

FOLDER holds your letters as text files; they do not leave the machine. OUTPUT (letters-run by
default) gets the run: its report, the loss by step, and the model, which any gpt2 command accepts.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gpt2

START = "Dear"


def sample(name: str | Path) -> str:
    """The beginning of a letter by a model."""
    model = gpt2.load(str(name))
    return START + "".join(model.stream(START, max_new_tokens=40, do_sample=True, top_k=40, seed=1))


def main() -> None:
    """Train small adapters on top of the bundled model, and generate with both."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, output, steps = [*sys.argv[1:4], *("letters-run", "200")[len(sys.argv[2:4]) :]]
    print("before:", sample("gpt2-mini"), sep="\n")
    command = [sys.executable, "-m", "gpt2", "finetune", "gpt2-mini", folder, "-o", output]
    subprocess.run([*command, "--lora", "--steps", steps], check=True)
    print("\nafter:", sample(Path(output) / "model"), sep="\n")
    print(f"\nuse it: gpt2 generate --model {output}/model {START!r}")


if __name__ == "__main__":
    main()
