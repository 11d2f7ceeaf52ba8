"""The bundled model on published benchmarks.

    PYTHONPATH=src:. python -m benchmarks.published --data ../shared/data [--on NAMES]
    PYTHONPATH=src:. python -m benchmarks.published --data ../shared/data --timing

Small sets are measured completely, the others on their first examples; a killed run resumes where
it stopped. `benchmarks.mini_overlap` measures how much of these sets the model has read.
``--timing`` measures only the seconds per 1,000 generated words, on a few examples each, for an
idle machine: a minute or two, and less with ``--on``. Each run adds to the results in the file.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, ROOT, folded, machine, note_run, table, write

import gpt2
from gpt2.evaluation.benchmark import Subject
from gpt2.evaluation.benchmarks import benchmark
from gpt2.evaluation.metrics import characters
from gpt2.evaluation.runner import Rows, identity, run

OUTPUTS = ("answer", "summary", "translation")
MODEL, SHOWN, TIMED = "gpt2-mini", 10, 30
JOURNAL = ROOT / "build" / "published.journal"
LIMITS: dict[str, int | None] = {  # None: all
    "winograd": None, "winobias": None, "occupations": None, "lambada": None, "piqa": None,
    "wikitext2": None, "blimp": 6700, "webquestions": None, "natural-questions": 1000,
    "xquad-en": None, "xquad-zh": None, "abstention": None, "dialogsum": None, "robustness": None,
    "tatoeba-en-zh": 600, "wmt19-en-zh": 300, "wmt19-zh-en": 100, "wmt14-en-fr": 200,
    "wmt14-fr-en": 200,
}  # fmt: skip
WRITING = (
    "natural-questions", "webquestions", "xquad-en", "xquad-zh", "dialogsum", "wmt14-en-fr",
    "wmt14-fr-en", "wmt19-en-zh", "wmt19-zh-en", "tatoeba-en-zh",
)  # fmt: skip


def texts_of(rows: list[dict[str, Any]]) -> list[str]:
    """The texts that the model generated."""
    return [row[key] for row in rows for key in OUTPUTS if key in row]


def measure(name: str, subject: Subject, data: Path, journal: Rows) -> dict[str, Any]:
    """The results of a benchmark, with the first ten outputs of the model."""
    own = run(benchmark(name), subject, data, limit=LIMITS[name], journal=journal)
    texts = texts_of(journal.rows[name])
    return {**own, "outputs": texts[:SHOWN]} if texts else own


def timing(name: str, subject: Subject, data: Path) -> dict[str, Any]:
    """The words generated for the first examples, and the seconds per 1,000 of them."""
    kept = Rows(None, {})
    run(benchmark(name), subject, data, limit=2, journal=Rows(None, {}))  # warm
    own = run(benchmark(name), subject, data, limit=TIMED, journal=kept)
    words = sum(len(characters(text)) for text in texts_of(kept.rows[name]))
    return {"words": words, "seconds_per_1000_words": 1000 * own["seconds"] / max(1, words)}


def describe(found: dict[str, Any]) -> str:
    """The section of the results page; of ROUGE only the scores of the paper's table 4."""
    left_out = ("rougeLsum", "lead_rougeLsum", "random_rougeLsum")
    rows = [
        [
            own["title"],
            measure["title"],
            f"{measure['value']:.4g} ± {measure['error']:.2g}",
            f"{measure['rows']:,} of {own['of']:,}",
            measure["protocol"],
        ]
        for own in found["benchmarks"].values()
        for name, measure in own["measures"].items()
        if name not in left_out
    ]
    timing = found["timing"]
    when = timing["machine"]
    speed = [
        [
            found["benchmarks"][name]["title"],
            f"{own['words']:,}",
            f"{own['seconds_per_1000_words']:.1f}",
        ]
        for name, own in timing["sets"].items()
    ]
    note = (
        f"`{found['model']}`, zero-shot, at {found['dtype']}. It is a small model for simple "
        "stories, so little is expected of it here. The figures show the measures at work, next to "
        "baselines that need no model.\n\n"
    )
    return (
        note
        + folded(
            f"{len(rows)} measures of {len(found['benchmarks'])} sets",
            table(["set", "measure", "value ± error", "examples", "protocol"], rows),
        )
        + "\n\nGeneration speed on the first examples, with one thread: the number of words "
        "generated (a Chinese character is one), and seconds per 1,000 words, prompts included. "
        f"Measured separately (`--timing`), at commit {when['commit']}, with a load average of "
        f"{when['load_before']:.1f} before the run.\n\n"
        + table(["set", "words", "seconds per 1,000 words"], speed)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--on", help="names with commas between; all")
    parser.add_argument("--timing", action="store_true")
    given = parser.parse_args()
    path = RESULTS / "published.json"
    result: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    result["model"] = MODEL
    every = WRITING if given.timing else tuple(LIMITS)
    names = given.on.split(",") if given.on else every
    if not set(names) <= set(every):
        raise SystemExit(f"--on takes {', '.join(every)}")
    here = machine(["numpy", "sacrebleu", "rouge-score"])
    subject = Subject(gpt2.load(MODEL, threads=1))
    result["dtype"] = subject.model.dtype
    JOURNAL.parent.mkdir(exist_ok=True)
    about = {**identity(subject.model, MODEL), "limits": LIMITS}
    journal = Rows(None if given.timing else JOURNAL, about)
    for name in names:
        begin = time.perf_counter()
        if given.timing:
            times = result.setdefault("timing", {"machine": here, "sets": {}})
            times["machine"] = here
            times["sets"][name] = timing(name, subject, given.data)
        else:
            own = measure(name, subject, given.data, journal)
            result |= {"machine": here, "benchmarks": {**result.get("benchmarks", {}), name: own}}
            note_run(result, own["title"])
        write("published", result)
        print(f"{name}: {time.perf_counter() - begin:.0f} s", flush=True)
    if names == every:
        journal.remove()
    print(path)


if __name__ == "__main__":
    main()
