"""Train the bundled model, one command per stage; a stage that was stopped resumes.

python -m recipes.mini stories            generate the worlds' stories and the notes in out/mini
python -m recipes.mini mix [NAME]         write the mixes (trunk, tasks, plain), print their tokens
python -m recipes.mini trunk --tokens 30  train the trunk at a constant learning rate; in millions
python -m recipes.mini rung NAME          decay the learning rate to zero, with tasks and without
python -m recipes.mini ship NAME          pack a rung as the package's model
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from recipes.mini import mix, rungs, ship
from recipes.mini.sources import WORK
from recipes.mini.worlds import SEEN, UNSEEN

from gpt2.files import atomic

DRAWN = {  # file -> worlds, stories of each, seed: the trunk's, the decay's, those never trained on
    "worlds": (SEEN, 300, 1),
    "fresh": (SEEN, 240, 5),
    "unseen": (UNSEEN, 25, 1),
}
NOTES = 6000  # of the decay


def stories() -> None:
    """Write the stories to train on, the notes, and the stories of the unseen worlds."""
    for name, (worlds, count, seed) in DRAWN.items():
        named = [word for world in sorted(worlds) for word in ("--world", world)]
        _drawn(name, count * len(worlds), seed, named)
    _drawn("notes", NOTES, 5, ["--notes"])


def _drawn(name: str, count: int, seed: int, words: list[str]) -> None:
    out = WORK / f"{name}.jsonl"
    if out.exists():
        print(f"{out} already exists")
        return
    command = [sys.executable, "-m", "recipes.mini.worlds", "--stories", str(count),
               "--seed", str(seed), *words]  # fmt: skip
    with atomic(out) as part, part.open("w", encoding="utf-8") as file:
        subprocess.run(command, stdout=file, check=True)
    print(f"{out}: {count:,} stories")


def main() -> None:
    """Run a stage."""
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m recipes.mini", None, __doc__, formatter_class=shown)
    parser.add_argument("stage", choices=["stories", "mix", "trunk", "rung", "ship"])
    parser.add_argument("name", nargs="?", help="The name of a rung, such as rung0, or of a mix.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--tokens", type=float, default=30.0, help="Millions of tokens of the trunk."
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=100.0, help="The longest time to train.")
    asked = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    if asked.stage == "stories":
        stories()
    elif asked.stage == "mix":
        trained = {"trunk": asked.tokens} | {
            name: part * asked.tokens for name, part in rungs.DECAYS.items()
        }
        mix.write_mixes(asked.data, WORK, {
            name: tokens for name, tokens in trained.items() if asked.name in (None, name)
        })  # fmt: skip
    elif asked.stage == "ship":
        ship.ship(asked)
    else:
        rungs.STAGES[asked.stage](asked)


if __name__ == "__main__":
    main()
