"""This working tree compared with another revision's, and that revision with itself.

    git worktree add ../old REVISION
    cmake -S ../old -B /tmp/old && cmake --build /tmp/old
    PYTHONPATH=src:. python -m benchmarks.revisions --other ../old

The contenders are this tree, the other one, and the other one again: the ratio of the last two
shows how far two runs of the same code differ on this machine. Each has a process of its own, which
waits while another takes its turn. Decoding, prefill and scoring are of the native engine with
random weights of the 124M shape; a training step is that of `benchmarks.train`; start-up times are
of new processes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, ROOT, figure, machine, table, write

CONTENDERS = ("this", "other", "other again")
WORKER = Path(__file__).with_name("revisions_worker.py")
NO_BYTECODE = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
STARTS = {
    "import gpt2": ["-c", "import gpt2"],
    "import the model class": ["-c", "from gpt2 import GPT2LMHeadModel"],
    "start to first token, int8": [
        *("-m", "gpt2", "generate", "Once upon a time", "--model", "MODEL", "--dtype", "int8"),
        *("--max-new-tokens", "1", "--seed", "0"),
    ],
}


def environment(tree: Path) -> dict[str, str]:
    """The environment that imports a tree's package, with bytecode as an installed package has."""
    kept = {k: v for k, v in os.environ.items() if k not in NO_BYTECODE}
    return kept | {"PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}


class Contender:
    """A process of `revisions_worker` with the code of a tree."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.process = subprocess.Popen(
            [sys.executable, "-P", WORKER], cwd=tree, text=True,
            env=environment(tree), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def take(self, name: str) -> float:
        """Seconds of a turn."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(name, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def start(self, words: list[str]) -> float:
        """Seconds of a new process."""
        begin = time.perf_counter()
        subprocess.run([sys.executable, *words], cwd=self.tree, env=environment(self.tree),
                       check=True, capture_output=True)  # fmt: skip
        return time.perf_counter() - begin


def compare(other: Path, rounds: int) -> dict[str, Any]:
    """Each task of every contender by turns, in rotation; the first round does not count."""
    trees = dict(zip(CONTENDERS, (ROOT, other, other), strict=True))
    contenders = {name: Contender(tree) for name, tree in trees.items()}
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/model"
        subprocess.run([sys.executable, "-m", "gpt2", "convert", "gpt2-mini", "-o", model, "-q"],
                       env=environment(ROOT), check=True)  # fmt: skip
        starts = {
            name: [model if word == "MODEL" else word for word in words]
            for name, words in STARTS.items()
        }
        names = ["decoding after 32", "prefill of 512", "scoring"]
        tasks = [f"{name}, {dtype}" for dtype in ("int8", "fp32") for name in names]
        tasks += ["training step, 6x384", *starts]
        seconds: dict[str, dict[str, list[float]]] = {
            task: {name: [] for name in CONTENDERS} for task in tasks
        }
        for turn in range(rounds + 1):
            order = CONTENDERS[turn % 3 :] + CONTENDERS[: turn % 3]
            for task in tasks:
                for name in order:
                    one = contenders[name]
                    took = one.start(starts[task]) if task in starts else one.take(task)
                    if turn:
                        seconds[task][name].append(took)
            print(f"round {turn} of {rounds}", file=sys.stderr, flush=True)
    return {task: summarize(took) for task, took in seconds.items()}


def summarize(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Seconds of each contender, and the other's seconds to this one's and to its own again."""
    this, other, again = (seconds[name] for name in CONTENDERS)
    ratios = {
        "this": figure([b / a for a, b in zip(this, other, strict=True)]),
        "itself": figure([b / a for a, b in zip(again, other, strict=True)]),
    }
    return {"seconds": {name: figure(took) for name, took in seconds.items()}, "speed": ratios}


def describe(results: dict[str, Any]) -> str:
    """The section of the results page."""
    rows = []
    for task, one in results["tasks"].items():
        this, other = (one["seconds"][name]["median"] for name in CONTENDERS[:2])
        rows.append([task, _time(this), _time(other), *(_ratio(r) for r in one["speed"].values())])
    return (
        f"This revision compared with {results['other']}, the state before the package was"
        " restructured. A speed above 1 means that this revision is faster. The last column"
        f" compares the old revision with itself. Medians of {results['rounds']} paired rounds,"
        " with the minimum and the maximum of the rounds in brackets.\n\n"
        + table(["task", "this revision", "old revision", "speed", "old against itself"], rows)
    )


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def _ratio(ratio: dict[str, float]) -> str:
    return f"{ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--other", type=Path, required=True, help="Checkout to compare with.")
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    other = asked.other.resolve()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=other, check=True,
                            capture_output=True, text=True).stdout.strip()  # fmt: skip
    before = machine(["torch"])
    tasks = compare(other, asked.rounds)
    results = {"machine": before, "other": commit, "rounds": asked.rounds, "tasks": tasks}
    print(write("revisions", results, RESULTS))


if __name__ == "__main__":
    main()
