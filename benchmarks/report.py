"""Write docs/results.md, its picture and the READMEs' figures from benchmarks/results/*.json.

    PYTHONPATH=src:. python -m benchmarks.report

No figure is typed by hand. Each benchmark owns its section (``describe`` in its file); here is only
their order.
"""

from __future__ import annotations

import importlib
import json
from collections import Counter
from typing import Any

from benchmarks.common import RESULTS, ROOT
from benchmarks.opening import PAGES, with_figures
from benchmarks.summary import picture, ten_lines

PAGE = ROOT / "docs" / "results.md"
PICTURE = PAGE.with_suffix(".svg")
HEAD = """# Results

{summary}

![Tokens a second after a prompt of 32, each library at its best](results.svg)

Every figure here is read from a file in `benchmarks/results/` by `python -m benchmarks.report`, and
a test holds this page to those files. Each section names the command that made its file. Contenders
take turns in one run; a figure is the median, with the least and the greatest in brackets. Where
the spreads of two contenders overlap, the run does not say which is faster: that is a tie. Measured
on {machine}, if a section does not say otherwise.

A section that was measured on an earlier gpt2-mini than the one that ships says so.
"""
FORMER = "Where it speaks of gpt2-mini: the former one (3.1 M parameters, trained on novels)."
SHIPPED = "2026-11-28T21:00"  # when the bundled model became what it is
WITH_MINI = {
    "exact_head", "speculation", "quantization", "keys_values", "long_inputs", "translate",
    "evaluation", "finetuned_tasks", "poems", "published",
}  # fmt: skip
TASKS = {
    "decode-32": "decoding after 32 tokens",
    "decode-512": "decoding after 512 tokens",
    "prefill-512": "reading 512 tokens",
    "batch-8": "8 sequences",
    "batch-32": "32 sequences",
}
# The file of results -> the section's title, its module, the command if it is not that module.
SECTIONS: dict[str, tuple[str, str, str]] = {
    "generate": ("Writing, next to transformers", "generate", ""),
    "load": ("Loading", "load", ""),
    "native-avx512": ("The native engine", "native", ""),
    "sampling": ("What choosing a token costs", "sampling", ""),
    **{
        f"peers-{task}": (f"Next to peers: {title}", "peers.table", f"-m benchmarks.peers {task}")
        for task, title in TASKS.items()
    },
    "start": ("From start to first token", "start", ""),
    "start-gpt2-xl": ("The same at 1558M", "start", "-m benchmarks.start --shape gpt2-xl --alone"),
    "shakespeare": (
        "Shakespeare by characters",
        "shakespeare",
        "recipes/shakespeare/run.py --text tinyshakespeare.txt --out OUT --seeds 5",
    ),
    "exact_head": ("The exact two-stage head", "exact_head", ""),
    "reproducibility": ("What the same bits everywhere cost", "reproducibility", ""),
    "speculation": ("Prompt lookup", "speculation", ""),
    "quantization": ("Fewer bits a weight", "quantization", ""),
    "train": ("Training steps", "train", ""),
    "train-compiled": ("Training steps, compiled", "train", "-m benchmarks.train --compile"),
    "tokenizer": ("The tokenizer", "tokenizer", ""),
    "keys_values": ("Keys and values", "keys_values", ""),
    "long_inputs": ("Long inputs of the tasks", "long_inputs", ""),
    "translate": ("Examples of a translation, read once", "translate", ""),
    "prepare": ("Text to token shards", "prepare", ""),
    "shards": ("Preparing in shards, next to one process", "shards", ""),
    "shards-cluster": (
        "Preparing on a Ray cluster",
        "shards",
        "-m benchmarks.shards --cluster",
    ),
    "evaluation": ("Scoring, next to lm-evaluation-harness", "evaluation", ""),
    "rolling": ("Rolling log-likelihoods and double precision", "rolling", ""),
    "serve": ("Serving, next to llama.cpp", "serve_load", "-m benchmarks.serve_load --llama PATH"),
    "replicas": ("What is before replicas adds", "replicas", ""),
    "serve_soak": ("Serving for twenty minutes", "serve_soak", ""),
    "finetuned_tasks": (
        "Models fine-tuned for the tasks",
        "finetuned_tasks",
        "recipes/tasks/run.py all --out tuned",
    ),
    "mini": ("The bundled model", "mini", ""),
    "mini_recipes": ("The bundled model's recipe, next to nanoGPT's", "mini_recipes", ""),
    "mini_stories": ("Fifty stories of the bundled model, read", "mini_stories", ""),
    "mini_overlap": ("What the bundled model has read of what judges it", "mini_overlap", ""),
    "poems": ("Regulated verse", "poems", "-m benchmarks.poems --model out/poems/run/model"),
    "compress": (
        "Compressing files",
        "compress",
        "-m benchmarks.compress",
    ),
    "page": ("The page that a model runs in", "page", ""),
    "published": ("Published sets", "published", ""),
}


def results() -> dict[str, dict[str, Any]]:
    """What was measured, by the file's name."""
    paths = {name: RESULTS / f"{name}.json" for name in SECTIONS}
    return {n: json.loads(p.read_text("utf-8")) for n, p in paths.items() if p.exists()}


def page() -> str:
    found = results()
    usual = Counter(map(_machine, found.values())).most_common(1)[0][0]
    parts = [HEAD.format(summary=ten_lines(found), machine=usual)]
    parts += [_section(name, own, usual) for name, own in found.items()]
    return "\n".join(parts)


def _section(name: str, found: dict[str, Any], usual: str) -> str:
    title, module, command = SECTIONS[name]
    machine, here = found["machine"], _machine(found)
    facts = [] if here == usual else [here]
    facts += [f"load before {machine['load_before']:.1f}", f"commit {machine['commit']}"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    describe = importlib.import_module(f"benchmarks.{module}").describe
    return (
        f"## {title}\n\n`python {command or f'-m benchmarks.{module}'}` -> "
        f"`benchmarks/results/{name}.json`: {', '.join(facts)}; {versions}. "
        f"{found.get('caveat', '') or _former(name, machine)}".rstrip()
        + f"\n\n{describe(found)}\n"
    )


def _former(name: str, measured: dict[str, Any]) -> str:
    """A sentence for sections on the bundled model that were measured before it shipped."""
    old = name in WITH_MINI and measured["time"] < SHIPPED
    return FORMER if old else ""


def _machine(found: dict[str, Any]) -> str:
    return f"{found['machine']['processor']}, {found['machine']['cores']} cores"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    PICTURE.write_text(picture(results()), "utf-8")
    for language, readme in PAGES.items():
        readme.write_text(with_figures(readme.read_text("utf-8"), results(), language), "utf-8")
    print(PAGE)
