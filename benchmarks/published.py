"""The bundled model on published sets, and what of these sets its training text holds.

PYTHONPATH=src:. python -m benchmarks.published --data ../shared/data [--limit 500]

Sets are measured whole, translations on their first sentences. The overlap is with the
collection of novels of which the bundled model was trained on 94 of 98.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import machine, write

import gpt2
from gpt2.errors import MissingFileError
from gpt2.evaluation.benchmark import Subject
from gpt2.evaluation.benchmarks import NAMES, benchmark
from gpt2.evaluation.contamination import contaminations, examples_on
from gpt2.evaluation.runner import run
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.training.data import PrepareConfig, prepare

MODEL, NOVELS = "gpt2-mini", "train/100_english_novels.tar.xz"
WHOLE = (
    "winograd", "winobias", "occupations", "robustness", "natural-questions", "webquestions",
    "xquad-en", "xquad-zh", "dialogsum",
)  # fmt: skip
FIRST = ("wmt14-en-fr", "wmt14-fr-en", "wmt19-en-zh", "wmt19-zh-en", "tatoeba-en-zh")


def measure(data: Path, limit: int) -> dict[str, Any]:
    """The results of each set; seconds within."""
    subject = Subject(gpt2.load(MODEL, threads=1))
    found = {}
    for name in (*WHOLE, *FIRST):
        own = run(benchmark(name), subject, data, limit=None if name in WHOLE else limit)
        print(f"{name}: {own['examples']} of {own['of']}, {own['seconds']:.0f} s", flush=True)
        found[name] = own
    return found


def overlaps(data: Path) -> dict[str, Any]:
    """What of each set that is at hand stands in the novels."""
    sets = {}
    for name in NAMES:
        try:
            sets[name] = examples_on(benchmark(name), data)
        except MissingFileError:
            continue
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "novels"
        tokenizer = GPT2Tokenizer.from_pretrained(MODEL)
        prepare([str(data / NOVELS)], corpus, tokenizer, PrepareConfig(validation=0.0))
        found = contaminations(sets, corpus)
    return {name: {**own.json(), "known": len(own.known)} for name, own in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=500)
    options = parser.parse_args()
    here = machine(["numpy", "sacrebleu", "rouge-score"])
    begin = time.perf_counter()
    results = {
        "model": MODEL,
        "novels": Path(NOVELS).name,
        "benchmarks": measure(options.data, options.limit),
        "overlap": overlaps(options.data),
        "seconds": round(time.perf_counter() - begin),
    }
    print(write("published", {"machine": here, **results}))


if __name__ == "__main__":
    main()
