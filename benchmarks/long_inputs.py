"""The cost of long inputs: 30 pages, next to 3, for summaries, translation and questions.

    python -m benchmarks.long_inputs [--data FOLDER]

Writes benchmarks/results/long_inputs.json. Each run is a separate process with the bundled model; a
page is 300 words of a novel that the model was not trained on. The results hold the peak memory,
the seconds, the progress steps, and the beginning of the output, whatever it is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, machine, table, write

MODEL, PAGES, WORDS = "gpt2-mini", (3, 30), 300
NOVEL = "Anon_Clara_1864.txt"  # the bundled model was not trained on it
QUESTION = "Who was the father of Clara?"


def tasks() -> dict[str, Callable[..., str]]:
    import gpt2

    def asked(mode: str) -> Callable[..., str]:
        return lambda model, text, progress: str(
            gpt2.answer(model, QUESTION, text, mode=mode, progress=progress)
        )

    return {
        "summarize": lambda m, text, progress: gpt2.summarize(m, text, progress=progress),
        "translate": lambda m, text, progress: gpt2.translate(m, text, "fr", progress=progress),
        "answer": asked("short"),
        "answer, extract": asked("extract"),
    }


def child(task: str, path: Path) -> None:
    """Run one task on one text and print a line of JSON."""
    import gpt2

    text = path.read_text("utf-8")
    model = gpt2.load(MODEL)
    steps: list[tuple[int, int]] = []
    begin = time.perf_counter()
    output = tasks()[task](model, text, lambda *step: steps.append(step))
    seconds = time.perf_counter() - begin
    assert steps[-1][0] == steps[-1][1], "the progress did not reach its end"
    print(json.dumps({"dtype": model.dtype, "seconds": seconds, "peak_MB": peak_bytes() / 1e6,
                      "parts": steps[-1][1], "output_words": len(output.split()),
                      "output": output[:300]}))  # fmt: skip


def peak_bytes() -> int:
    """The peak memory of this program. (ru_maxrss would include the parent's.)"""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM"))


def novel(data: Path) -> list[str]:
    """The words of a novel, including its line ends."""
    with tarfile.open(data / "train/100_english_novels.tar.xz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name.endswith(NOVEL) else None
            if stream is not None:
                return stream.read().decode("utf-8").replace("\r\n", "\n").split(" ")
    raise SystemExit(f"{NOVEL} is not in the archive")


def describe(found: dict[str, Any]) -> str:
    rows = []
    for task, runs in found["tasks"].items():
        short, long = runs.values()
        both = (short, long)
        seconds = [f"{run['seconds']:.1f}" for run in both]
        memory = [f"{run['peak_MB']:.1f}" for run in both]
        ratio = f"{long['peak_MB'] / short['peak_MB']:.2f}"
        rows.append([task, *(str(run["parts"]) for run in both), *seconds, *memory, ratio])
    few, many = next(iter(found["tasks"].values()))
    head = ["", *(f"{what}, {pages} pages" for what in ("parts", "seconds", "peak memory, MB")
                  for pages in (few, many)), "memory ratio"]  # fmt: skip
    return (
        f"{found['model']} at {found['dtype']} on a novel it was not trained on, "
        f"{found['words_a_page']} words per page. Each run is a separate process. The "
        "output of this small model is not useful; the results file has the beginning of each.\n\n"
        + table(head, rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--child", nargs=2)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child[0], Path(asked.child[1]))
        return
    about = machine(["numpy"])
    words = novel(asked.data)
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for pages in PAGES:
            (Path(folder) / str(pages)).write_text(" ".join(words[: pages * WORDS]), "utf-8")
        for task in tasks():
            found[task] = {}
            for pages in PAGES:
                command = [sys.executable, "-m", "benchmarks.long_inputs", "--child", task,
                           f"{folder}/{pages}"]  # fmt: skip
                done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
                own = json.loads(done.stdout)
                dtype = own.pop("dtype")
                found[task][str(pages)] = own
                print(task, pages, found[task][str(pages)], file=sys.stderr)
    result = {"machine": about, "model": MODEL, "dtype": dtype, "novel": NOVEL,
              "words_a_page": WORDS, "question": QUESTION, "tasks": found}  # fmt: skip
    print(write("long_inputs", result))


if __name__ == "__main__":
    main()
