"""The bundled model on published sets, and what of these sets its training text holds.

PYTHONPATH=src:. python -m benchmarks.published --data ../shared/data [--limit 50]

Small sets are measured whole, the others on their first examples. The overlap is with the
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
from gpt2.evaluation.metrics import characters
from gpt2.evaluation.runner import Journal, run
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.training.data import PrepareConfig, prepare

OUTPUTS = ("answer", "summary", "translation")
MODEL, NOVELS = "gpt2-mini", "train/100_english_novels.tar.xz"
WHOLE = ("winograd", "winobias", "occupations")
FIRST = (
    "robustness", "natural-questions", "webquestions", "xquad-en", "xquad-zh", "dialogsum",
    "wmt14-en-fr", "wmt14-fr-en", "wmt19-en-zh", "wmt19-zh-en", "tatoeba-en-zh",
)  # fmt: skip


def measure(data: Path, limit: int) -> dict[str, Any]:
    """The results of each set; of what the model wrote the first ten outputs and its speed."""
    subject = Subject(gpt2.load(MODEL, threads=1))
    found = {}
    for name in (*WHOLE, *FIRST):
        kept = Journal(None, {})
        some = None if name in WHOLE else limit
        own = run(benchmark(name), subject, data, limit=some, journal=kept)
        print(f"{name}: {own['examples']} of {own['of']}, {own['seconds']:.0f} s", flush=True)
        texts = [row[key] for row in kept.rows[name] for key in OUTPUTS if key in row]
        if texts:
            words = sum(len(characters(text)) for text in texts)
            own["outputs"] = texts[:10]
            own["words_written"] = words
            own["seconds_per_1000_words"] = 1000 * own["seconds"] / max(1, words)
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
    parser.add_argument("--limit", type=int, default=50)
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
