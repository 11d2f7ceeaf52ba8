"""The overlap of the bundled model's evaluation texts with its training data.

    PYTHONPATH=src:. python -m benchmarks.mini_overlap --data ../shared/data [--mix trunk,tasks]

The method is that of ``gpt2 overlap``: runs of 8 words, or of characters in Chinese, of each
evaluation text are searched for in the tokens of each mix (``recipes/mini``). Story worlds share
complete sentences by design, so the figures of the unseen worlds show how far they are from the
seen ones.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, machine, note_run, table, write
from recipes.mini import measure, sources
from recipes.mini.sources import WORK

from gpt2.errors import GPT2Error
from gpt2.evaluation.benchmarks import choose
from gpt2.evaluation.contamination import contaminations, examples_on

MIXES = "trunk,tasks,plain"
PUBLISHED = "blimp,lambada,piqa,xquad-en,xquad-zh,dialogsum,tatoeba-en-zh,wikitext2,winograd"


def judged(data: Path) -> dict[str, list[str]]:
    """Name -> the texts of each set on which the model is evaluated."""
    found = dict(measure.held_texts(data))
    found["FairytaleQA test, sections"] = [
        section
        for story in sources.rows(data / "simple/fairytaleqa_test.jsonl.xz")
        for section in story["sections"].values()
    ]
    found["Tatoeba test"] = _lines(data / "parallel/tatoeba-test-v2021-08-07.eng-zho.eng")
    found["Tatoeba test, Chinese"] = [
        sources.simplified(line)
        for line in _lines(data / "parallel/tatoeba-test-v2021-08-07.eng-zho.zho")
    ]
    found["poems held out"] = list(sources.all_poems(data, held=True))
    for benchmark in choose(PUBLISHED):
        try:
            found.setdefault(benchmark.title, examples_on(benchmark, data))
        except GPT2Error as error:
            print(f"{benchmark.title}: skipped. {error}")
    return {name: texts for name, texts in found.items() if texts}


def _lines(path: Path) -> list[str]:
    return [line for line in sources.read(path).split("\n") if line]


def describe(found: dict[str, Any]) -> str:
    """The section of the results page."""
    mixes = list(found["mixes"])
    rows = [
        [name, f"{of['examples']:,}", *(_shown(found["mixes"][mix].get(name)) for mix in mixes)]
        for name, of in found["mixes"][mixes[0]].items()
    ]
    return (
        "The share of each set's 8-grams that occur in the bundled model's training text, and the"
        " number of examples that have at least half of their 8-grams there:\n\n"
        + table(["set", "examples", *mixes], rows)
    )


def _shown(of: dict[str, Any] | None) -> str:
    return f"{100 * of['share']:.2f} %, {of['known']:,}" if of else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--mix", default=MIXES)
    given = parser.parse_args()
    path = RESULTS / "mini_overlap.json"
    result: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"mixes": {}}
    sets = judged(given.data)
    for mix in given.mix.split(","):
        every = contaminations(sets, WORK / "tokens" / mix)
        result["machine"] = machine(["numpy"])
        note_run(result, mix)
        result["mixes"][mix] = {
            name: {
                "examples": got.examples, "8-grams": got.ngrams, "share": round(got.share, 5),
                "touched": got.touched, "known": len(got.known), "longest": got.longest,
                "sample": got.sample[:300],
            }
            for name, got in every.items()
        }  # fmt: skip
        for name, of in result["mixes"][mix].items():
            print(mix, name, json.dumps(of, ensure_ascii=False))
        write("mini_overlap", result)


if __name__ == "__main__":
    main()
