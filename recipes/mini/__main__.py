"""The bundled model, a command a stage; each goes on where it was.

python -m recipes.mini stories            our worlds' stories, to out/mini
python -m recipes.mini mix                the mixes, with a table of tokens and epochs
python -m recipes.mini scaling            vocabulary, size and learning rate, on little text
python -m recipes.mini trunk --tokens 30  the trunk, at a constant rate; in millions
python -m recipes.mini rung NAME          the rate falls to zero: plain, and with the tasks
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

PER_WORLD = 300  # stories of each world that is trained on
UNSEEN_STORIES = 25  # of each that is not


def stories() -> None:
    """Write the stories to train on, and those of the unseen worlds."""
    for name, worlds, count in (("worlds", SEEN, PER_WORLD), ("unseen", UNSEEN, UNSEEN_STORIES)):
        out = WORK / f"{name}.jsonl"
        named = [word for world in sorted(worlds) for word in ("--world", world)]
        command = [sys.executable, "-m", "recipes.mini.worlds", "--stories",
                   str(count * len(worlds)), "--seed", "1", *named]  # fmt: skip
        with out.open("w", encoding="utf-8") as file:
            subprocess.run(command, stdout=file, check=True)
        print(f"{out}: {count * len(worlds):,} stories of {len(worlds)} worlds")


def main() -> None:
    """Run a stage."""
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m recipes.mini", None, __doc__, formatter_class=shown)
    parser.add_argument("stage", choices=["stories", "mix", "scaling", "trunk", "rung", "ship"])
    parser.add_argument("name", nargs="?", help="of a rung, such as rung0")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--tokens", type=float, default=30.0, help="millions, of the trunk")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=100.0, help="the longest stretch of work")
    asked = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    if asked.stage == "stories":
        stories()
    elif asked.stage == "mix":
        mix.write_mixes(asked.data, WORK, {"trunk": asked.tokens, "decay": 0.2 * asked.tokens})
    elif asked.stage == "ship":
        ship.ship(asked)
    else:
        rungs.STAGES[asked.stage](asked)


if __name__ == "__main__":
    main()
