"""Fine-tune the bundled model for a task and evaluate it before and after.

    PYTHONPATH=src:. python recipes/tasks/run.py translate --data ../shared/data --out tuned

Makes the pairs (`pairs.py`), runs `gpt2 finetune` on them and `gpt2 evaluate` on both models,
generates outputs of both for the first ten examples of the test set, and saves all of it as the
task's part of ``benchmarks/results/finetuned_tasks.json``. Results that are already in ``OUT/TASK``
are not computed again, so a run that was stopped resumes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, machine, write
from recipes.tasks.pairs import MAKERS, make
from recipes.tasks.rows import asked_of, known, on_rows, without_model

import gpt2
from gpt2 import GPT2Tokenizer
from gpt2.evaluation.benchmarks import benchmark
from gpt2.files import read_json, write_json
from gpt2.tasks import TASKS
from gpt2.training.inputs.examples import Pair, read_pairs

BASE, SHOWN, RESULT = "gpt2-mini", 10, "finetuned_tasks"
NAMES = {"step": "loss", "validation": "held_out_loss"}  # in the log's summary
COMMON = "--lr 1e-3 --precision bf16 --threads 1"
PACKED = "--length 512 --batch-size 4 --held-out 0.01 --validate-every 20"
ROWS = 100  # held-out rows whose loss is measured


@dataclass(frozen=True)
class Recipe:
    """How a task is learned and measured.

    Attributes:
        options: of `gpt2 finetune`.
        on: benchmarks of `gpt2 evaluate`, the first of which gives the ten examples.
        limit: examples of each of them.
    """

    options: str
    on: str = ""
    limit: int = 100


RECIPES = {  # steps: some minutes of one core with AMX each
    "translate": Recipe(
        "--steps 400 --length 128 --batch-size 16 --held-out 0.02", "tatoeba-en-zh,wmt19-en-zh", 100
    ),
    "answer": Recipe(f"--steps 32 {PACKED}", "xquad-en,xquad-zh,webquestions", 30),
    "summarize": Recipe(f"--steps 60 {PACKED}", "dialogsum", 25),
    "write": Recipe(f"--steps 60 {PACKED}"),
}


def tune(task: str, place: Path, data: Path) -> list[str]:
    """The pairs and the model, where they are not there yet; returns the command."""
    recipe, pairs, run = RECIPES[task], place / "pairs", place / "run"
    if not (pairs / "counts.json").exists():
        tokenizer = GPT2Tokenizer.from_pretrained(BASE)
        make(task, data, pairs, tokenizer, 500)
    words = ["finetune", BASE, "pairs/train.jsonl", "-o", "run", "--task", task,
             *recipe.options.split(), *COMMON.split()]  # fmt: skip
    if not (run / "report.md").exists():
        again = ["--resume"] if (run / "checkpoints").exists() else ["--overwrite"]
        command(*words, *again, folder=place)
    return ["gpt2", *words]


def evaluate(model: str, recipe: Recipe, data: Path, out: Path) -> dict[str, Any]:
    """What `gpt2 evaluate` finds of a model; read from ``out`` where it was found before."""
    if not recipe.on:
        return {}
    if not out.exists():
        command("evaluate", model, "--on", recipe.on, "--data", str(data.resolve()),
                "--limit", str(recipe.limit), "--threads", "1", "-o", str(out.resolve()),
                folder=out.parent)  # fmt: skip
    return dict(read_json(out)["benchmarks"])


def command(*words: str, folder: Path) -> None:
    """Run ``gpt2 WORDS`` in a folder; its failure ends this program."""
    print("gpt2", *words, flush=True)
    done = subprocess.run([sys.executable, "-m", "gpt2", *words], cwd=folder, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def loss(model: Any, pairs: list[Pair]) -> dict[str, float]:
    """Mean nats of a token of the completions and the end after them, and bits of a byte."""
    from gpt2.evaluation.benchmark import Subject

    subject = Subject(model)
    end = [subject.scorer.start]
    asked = [(subject.ids(p.prompt), [*subject.ids(p.completion), *end]) for p in pairs]
    scores = subject.scorer.loglikelihood(asked)
    nats, tokens = -sum(s.logprob for s in scores), sum(s.tokens for s in scores)
    size = sum(len(pair.completion.encode()) for pair in pairs)
    return {"nats_a_token": nats / tokens, "bits_a_byte": nats / size / 0.6931471805599453}


def rows(task: str, data: Path, pairs: list[Pair]) -> list[dict[str, str]]:
    """The first ten rows of the test set that are asked, each with its reference."""
    if task == "write":
        titles = dict.fromkeys(pair.prompt.strip() for pair in pairs)
        return [{"title": title, "reference": ""} for title in titles][:SHOWN]
    own = benchmark(RECIPES[task].on.split(",")[0])
    found = own.read(own.find(data))[:SHOWN]
    if task == "translate":
        return [{"text": source, "reference": target} for source, target in found]
    if task == "summarize":
        return [{"text": e.text, "reference": e.summaries[0]} for e in found]
    return [{"context": e.question.context, "question": e.question.text,
             "reference": e.question.answers[0]} for e in found]  # fmt: skip


def written(task: str, model: Any, asked: list[dict[str, str]]) -> list[str]:
    """What a model makes of each row by the task, as its command would."""
    own = TASKS[task]
    options = {"length": 60} if task == "write" else {}
    given = [{k: v for k, v in row.items() if k != "reference"} for row in asked]
    return [str(own.run(model, row, **options)[own.results[0]]) for row in given]


def curve(run: Path) -> list[dict[str, float]]:
    """The course of it: every twentieth step's loss and all of the held-out part's."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {"step": line["step"], NAMES[line["kind"]]: round(line["loss"], 4)}
        for line in lines
        if line["kind"] == "validation" or (line["kind"] == "step" and line["step"] % 20 == 0)
    ]


def measure(task: str, place: Path, data: Path) -> dict[str, Any]:
    """Everything that is kept of a task."""
    place.mkdir(parents=True, exist_ok=True)
    recipe = RECIPES[task]
    words = tune(task, place, data)
    tuned = place / "run" / "model"
    pairs = read_pairs(place / "pairs" / "validation.jsonl")[:ROWS]
    asked, own = rows(task, data, pairs), asked_of(task, data, pairs)
    found: dict[str, Any] = {}
    for name, model in (("before", BASE), ("after", str(tuned.resolve()))):
        loaded = gpt2.load(model, threads=1)
        found[name] = {
            "loss": loss(loaded, pairs),
            "rows": on_rows(task, loaded, own),
            "benchmarks": evaluate(model, recipe, data, place / f"{name}.json"),
            "written": written(task, loaded, asked),
        }
    trained = known(task, data, read_pairs(place / "pairs" / "train.jsonl"))
    baselines = without_model(task, trained, own)
    counts = read_json(place / "pairs" / "counts.json")
    (Path(__file__).parent / "logs").mkdir(exist_ok=True)
    log = Path(__file__).parent / "logs" / f"{task}.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in curve(place / "run")), "utf-8")
    return {
        "command": words,
        "counts": counts["counts"],
        "sources": counts["sources"],
        "validation": len(pairs),
        "rows": len(own),
        "no model": baselines,
        "asked": kept(task, asked),
        **found,
    }


def kept(task: str, asked: list[dict[str, str]]) -> list[dict[str, str]]:
    """What of the rows the result may hold: no contexts, and nothing of DialogSum (NC licence)."""
    if task == "summarize":
        return [{"text": f"dialogue {n}", "reference": ""} for n in range(1, len(asked) + 1)]
    return [{key: value for key, value in row.items() if key != "context"} for row in asked]


def main() -> None:
    """The task that was asked for, or all of them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", choices=[*MAKERS, "all"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    path = RESULTS / f"{RESULT}.json"
    for task in MAKERS if given.task == "all" else [given.task]:
        here = machine(["numpy", "torch", "sacrebleu", "rouge-score"])
        found = measure(task, given.out / task, given.data)
        write_json(given.out / task / "found.json", found)
        before = read_json(path)["tasks"] if path.exists() else {}
        tasks = {**before, task: found}
        tasks = {name: tasks[name] for name in MAKERS if name in tasks}
        print(write(RESULT, {"machine": here, "model": BASE, "tasks": tasks}))


if __name__ == "__main__":
    main()
